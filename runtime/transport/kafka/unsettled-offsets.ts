/**
 * Which records of one partition are still in hand. They may settle in any order; what is committed is the first one
 * that has not, so a crash repeats it and everything after it, and skips nothing.
 *
 * A batch that was fetched from behind what has been begun tells that the partition was given to this member anew:
 * everything before it is settled, whoever did that, and the count begins afresh. One that continues keeps the count,
 * also when it is handed over late, after a rebalance: what it follows may still be in hand.
 */
export interface UnsettledOffsets {
  /** Records are begun in the order of their offsets. */
  begin(offset: bigint): void;
  settle(offset: bigint): void;
  /** What to commit; undefined: it is committed already. */
  watermark(): bigint | undefined;
  committed(watermark: bigint): void;
  /** Whether a batch fetched from that offset goes on with this count. */
  continuesAt(fetchedOffset: bigint): boolean;
}

/** The count of a partition whose records before `fetchedOffset` are all settled. */
export function createUnsettledOffsets(fetchedOffset: bigint): UnsettledOffsets {
  // In the order of beginning, so the first one is the least.
  const unsettled = new Set<bigint>();
  let next = fetchedOffset;
  let last = fetchedOffset;
  return {
    begin(offset) {
      unsettled.add(offset);
      next = offset + 1n;
    },
    settle(offset) {
      unsettled.delete(offset);
    },
    watermark() {
      const [first] = unsettled;
      const watermark = first ?? next;
      return watermark === last ? undefined : watermark;
    },
    committed(watermark) {
      last = watermark;
    },
    continuesAt: (offset) => offset >= next,
  };
}
