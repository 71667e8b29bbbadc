/** Which of a group's topics hold records that the group has not committed: what was published and is not settled yet. */
import type { Admin } from "kafkajs";

export interface TravellingDeps {
  /** A new administrative client, not yet connected. */
  readonly makeAdmin: () => Admin;
}

export interface Travelling {
  /** Of these topics, those that are not settled. Rejects when the brokers do not say. */
  of(group: string, topics: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Connects when it is first asked, and anew after an error. */
export function createTravelling({ makeAdmin }: TravellingDeps): Travelling {
  let connected: Promise<Admin> | undefined;

  async function connect() {
    const admin = makeAdmin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      await admin.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async function drop() {
    const dropped = connected;
    connected = undefined;
    await dropped?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  async function isSettled(admin: Admin, group: string, topic: string): Promise<boolean> {
    const ends = await admin.fetchTopicOffsets(topic);
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const positions = new Map(committed?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    return ends.every(({ partition, low, high }) => {
      const position = positions.get(partition) ?? -1n;
      // A group that has committed nothing, or what is no longer there, goes on with the first record there is.
      return (position < BigInt(low) ? BigInt(low) : position) >= BigInt(high);
    });
  }

  return {
    async of(group, topics) {
      connected ??= connect();
      try {
        const admin = await connected;
        const open: string[] = [];
        for (const topic of topics) if (!(await isSettled(admin, group, topic))) open.push(topic);
        return open;
      } catch (error) {
        await drop();
        throw error;
      }
    },
    close: drop,
  };
}
