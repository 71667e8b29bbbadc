import { expect, test } from "bun:test";
import { systemScheduler } from "../scheduler.ts";
import type { Envelope } from "./envelope.ts";
import type { OutboxRow } from "./item.ts";
import { createRelay } from "./relay.ts";

/** `t/a/1`: topic, key, sequence. */
const envelope = (name: string): Envelope => ({
  topic: name.split("/")[0] ?? "",
  key: name.split("/")[1] ?? "",
  sequence: Number(name.split("/")[2] ?? 1),
  type: "T",
  producer: "p",
  timeMs: 0,
  causationId: "c",
  correlationId: "c",
  data: "{}",
});
const nameOf = ({ topic, key, sequence }: Envelope) => `${topic}/${key}/${sequence}`;
const rowOf = (name: string): OutboxRow => ({ shard: 0, envelope: envelope(name), message: '{"type":"T","data":{}}' });

/** A table of rows, and a relay over it that may hold `inHandLimit` of them. */
function bench(inHandLimit: number) {
  const table = new Map<string, OutboxRow>();
  const published: string[] = [];
  const acknowledged: { row: OutboxRow; deleted: () => void }[] = [];
  let fails = 0;
  const relay = createRelay({
    module: "m",
    about: ({ key }) => ({ key }),
    database: {
      lane: () => {
        throw new Error("the relay has no lane");
      },
      query: async () =>
        [...table.values()]
          .sort((a, b) => (nameOf(a.envelope) < nameOf(b.envelope) ? -1 : 1))
          .map(({ shard, envelope: { key, topic, sequence }, message }) => ({
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
        if (message.topic === "stuck") return new Promise<never>(() => undefined);
        published.push(nameOf(message));
      },
      subscribe: () => undefined,
      consume: () => undefined,
      start: async () => undefined,
      travelling: async () => [],
      stop: async () => undefined,
    },
    shards: { holds: () => true, held: () => [0] },
    scheduler: { ...systemScheduler, after: (_delayMs, task) => systemScheduler.after(0, task) },
    log: () => undefined,
    acknowledge: (row, deleted) => acknowledged.push({ row, deleted }),
    inHandLimit,
  });
  return {
    relay,
    published,
    commit(names: readonly string[]) {
      const rows = names.map(rowOf);
      for (const row of rows) table.set(nameOf(row.envelope), row);
      relay.offer(rows);
    },
    /** The lane's next batch deletes what was acknowledged. */
    deleteAcknowledged() {
      for (const { row, deleted } of acknowledged.splice(0)) {
        table.delete(nameOf(row.envelope));
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
  commit(["t/a/1", "t/b/1", "t/c/1", "t/d/1", "t/e/1"]);
  for (let round = 0; round < 5; round++) {
    await Bun.sleep(1);
    deleteAcknowledged();
  }
  await Bun.sleep(1);
  expect(published.toSorted()).toEqual(["t/a/1", "t/b/1", "t/c/1", "t/d/1", "t/e/1"]);
  expect(relay.inHand()).toBeLessThanOrEqual(2);
});

test("a row is deleted only after the transport has taken it; a refusal publishes again", async () => {
  const { commit, published, failNext, deleteAcknowledged, relay } = bench(10);
  failNext(2);
  commit(["t/a/1"]);
  await Bun.sleep(0);
  deleteAcknowledged();
  expect(relay.inHand()).toBe(1);
  await Bun.sleep(20);
  deleteAcknowledged();
  expect(published).toEqual(["t/a/1"]);
  expect(relay.inHand()).toBe(0);
});

test("a row that is in hand is not published a second time by a sweep", async () => {
  const { commit, published, relay } = bench(10);
  commit(["t/a/1"]);
  await relay.sweep();
  await Bun.sleep(1);
  expect(published).toEqual(["t/a/1"]);
});

test("a consumer that never settles stops its own topic and nobody else's", async () => {
  const { commit, published, relay } = bench(2);
  commit(["stuck/a/1", "stuck/b/1", "stuck/c/1"]);
  commit(["t/a/1", "t/b/1"]);
  await relay.sweep();
  await Bun.sleep(1);
  expect(published).toEqual(["t/a/1", "t/b/1"]);
});

test("nothing of a key is overtaken while the relay is full", async () => {
  const { commit, published, deleteAcknowledged } = bench(2);
  commit(["t/a/1", "t/b/1", "t/z/1"]);
  await Bun.sleep(1);
  deleteAcknowledged();
  commit(["t/z/2"]);
  for (let round = 0; round < 5; round++) {
    await Bun.sleep(1);
    deleteAcknowledged();
  }
  expect(published).toEqual(["t/a/1", "t/b/1", "t/z/1", "t/z/2"]);
});
