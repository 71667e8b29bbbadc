/**
 * Sets consumer groups back to a moment, for modules whose databases were restored to one: what such a database knows
 * nothing of is on the brokers still, and comes again.
 *
 * A group only ever goes back. What it had handled by then is skipped by the marks in the database, so the moment may lie
 * earlier than it must, and a run may be repeated. Groups with members are refused, before any is moved: a member would
 * commit its own place over the new one. What fails half-way is done again by another run.
 */
import type { Admin } from "kafkajs";
import { StartError } from "../../start-error.ts";

export interface GroupToRewind {
  readonly group: string;
  readonly topics: readonly string[];
}

export interface Rewound {
  readonly group: string;
  readonly topic: string;
  /** How many records come again. */
  readonly records: number;
}

/** Groups without members: `Dead` is one that has never been, or has been forgotten. */
const WITHOUT_MEMBERS: readonly string[] = ["Empty", "Dead"];

/** Sets the groups back to the first records at or after `toMs` (ms since the epoch; 0: all that is kept). */
export async function rewindGroups(
  admin: Admin,
  groups: readonly GroupToRewind[],
  toMs: number,
): Promise<readonly Rewound[]> {
  const { groups: described } = await admin.describeGroups(groups.map(({ group }) => group));
  const busy = described.filter(({ state }) => !WITHOUT_MEMBERS.includes(state)).map(({ groupId }) => groupId);
  if (busy.length > 0)
    throw new StartError(
      `${busy.join(", ")} has members, and nothing was set back: stop the processes of these modules first, and try again when their sessions have ended (some 10 s)`,
    );
  const rewound: Rewound[] = [];
  for (const { group, topics } of groups)
    for (const topic of topics) rewound.push({ group, topic, records: await rewind(admin, group, topic, toMs) });
  return rewound;
}

async function rewind(admin: Admin, group: string, topic: string, toMs: number): Promise<number> {
  const kept = await admin.fetchTopicOffsets(topic);
  const since = await admin.fetchTopicOffsetsByTimestamp(topic, toMs);
  const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  const wanted = new Map(since.map(({ partition, offset }) => [partition, BigInt(offset)]));
  const lowest = new Map(kept.map(({ partition, low }) => [partition, BigInt(low)]));
  const back = (committed?.partitions ?? []).flatMap(({ partition, offset }) => {
    const from = BigInt(offset);
    const to = max(wanted.get(partition) ?? from, lowest.get(partition) ?? 0n);
    // A group that has committed nothing begins with the first record there is.
    return from >= 0n && to < from ? [{ partition, to, records: Number(from - to) }] : [];
  });
  if (back.length > 0)
    await admin.setOffsets({
      groupId: group,
      topic,
      partitions: back.map(({ partition, to }) => ({ partition, offset: String(to) })),
    });
  return back.reduce((sum, { records }) => sum + records, 0);
}

const max = (a: bigint, b: bigint) => (a > b ? a : b);
