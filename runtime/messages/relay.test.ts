import { expect, test } from "bun:test";
import { systemScheduler } from "../scheduler.ts";
import type { Envelope } from "./envelope.ts";
import type { OutboxRow } from "./item.ts";
import { createRelay } from "./relay.ts";

const envelope = (key: string): Envelope => ({
  topic: "t",
  key,
  sequence: 1,
  type: "T",
  producer: "p",
  timeMs: 0,
  causationId: "c",
  correlationId: "c",
  data: "{}",
});
const rowOf = (key: string): OutboxRow => ({ shard: 0, envelope: envelope(key), message: '{"type":"T","data":{}}' });

/** A table of rows, and a relay over it that may hold `inHandLimit` of them. */
function bench(inHandLimit: number) {
  const table = new Map<string, OutboxRow>();
  const published: string[] = [];
  const acknowledged: { row: OutboxRow; deleted: () => void }[] = [];
  let fails = 0;
  const relay = createRelay({
    module: "m",
    database: {
      lane: () => {
        throw new Error("the relay has no lane");
      },
      query: async () =>
        [...table.values()].map(({ shard, envelope: { key, topic, sequence }, message }) => ({
          shard,
          key,
          topic,
          sequence,
          message,
        })),
      close: async () => undefined,
    },
    transport: {
      async publish(message) {
        if (fails-- > 0) throw new Error("the transport is away");
        published.push(message.key);
      },
      subscribe: () => undefined,
      stop: async () => undefined,
    },
    shards: {
      renew: async () => [],
      holds: () => true,
      held: () => [0],
      alone: () => true,
      release: async () => undefined,
    },
    scheduler: { ...systemScheduler, after: (_delayMs, task) => systemScheduler.after(0, task) },
    log: () => undefined,
    acknowledge: (row, deleted) => acknowledged.push({ row, deleted }),
    inHandLimit,
  });
  return {
    relay,
    published,
    commit(keys: readonly string[]) {
      const rows = keys.map(rowOf);
      for (const row of rows) table.set(row.envelope.key, row);
      relay.offer(rows);
    },
    /** The lane's next batch deletes what was acknowledged. */
    deleteAcknowledged() {
      for (const { row, deleted } of acknowledged.splice(0)) {
        table.delete(row.envelope.key);
        deleted();
      }
    },
    failNext: (times: number) => {
      fails = times;
    },
  };
}

test("what had no room is published as soon as there is, without waiting for the upkeep", async () => {
  const { relay, commit, published, deleteAcknowledged } = bench(2);
  commit(["a", "b", "c", "d", "e"]);
  for (let round = 0; round < 5; round++) {
    await Bun.sleep(1);
    deleteAcknowledged();
  }
  await Bun.sleep(1);
  expect(published.toSorted()).toEqual(["a", "b", "c", "d", "e"]);
  expect(relay.inHand()).toBeLessThanOrEqual(2);
});

test("a row is deleted only after the transport has taken it; a refusal publishes again", async () => {
  const { commit, published, failNext, deleteAcknowledged, relay } = bench(10);
  failNext(2);
  commit(["a"]);
  await Bun.sleep(0);
  deleteAcknowledged();
  expect(relay.inHand()).toBe(1);
  await Bun.sleep(20);
  deleteAcknowledged();
  expect(published).toEqual(["a"]);
  expect(relay.inHand()).toBe(0);
});

test("a row that is in hand is not published a second time by a sweep", async () => {
  const { commit, published, relay } = bench(10);
  commit(["a"]);
  await relay.sweep();
  await Bun.sleep(1);
  expect(published).toEqual(["a"]);
});
