/** Which of a group's topics hold records that the group has not committed, and how many: published and not settled yet. */
import type { Admin } from "kafkajs";

export interface TravellingDeps {
  /** A new administrative client, not yet connected. */
  readonly makeAdmin: () => Admin;
}

export interface Travelling {
  /** Of these topics, those that are not settled. Rejects when the brokers do not say. */
  of(group: string, topics: readonly string[]): Promise<readonly string[]>;
  /** How many records of each of these topics are not settled. Rejects when the brokers do not say. */
  lag(group: string, topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
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

  async function unsettled(admin: Admin, group: string, topic: string): Promise<number> {
    const ends = await admin.fetchTopicOffsets(topic);
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const positions = new Map(committed?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    return ends.reduce((sum, { partition, low, high }) => {
      const position = positions.get(partition) ?? -1n;
      // A group that has committed nothing, or what is no longer there, goes on with the first record there is.
      const left = BigInt(high) - (position < BigInt(low) ? BigInt(low) : position);
      return left > 0n ? sum + Number(left) : sum;
    }, 0);
  }

  async function lag(group: string, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    connected ??= connect();
    try {
      const admin = await connected;
      const records = new Map<string, number>();
      for (const topic of topics) records.set(topic, await unsettled(admin, group, topic));
      return records;
    } catch (error) {
      await drop();
      throw error;
    }
  }

  return {
    lag,
    async of(group, topics) {
      const records = await lag(group, topics);
      return topics.filter((topic) => records.get(topic) !== 0);
    },
    close: drop,
  };
}
