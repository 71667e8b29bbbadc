import { describe, expect, test } from "bun:test";
import { createBatchQueue } from "./batch-queue.ts";
import type { Item } from "./item.ts";

const LIMITS = { batchLimit: 4, backgroundDelayMs: 20, ackDelayMs: 30 };

function queueAt(onePerKey = false) {
  const time = { ms: 1000 };
  return { time, queue: createBatchQueue<unknown, never>({ now: () => time.ms }, LIMITS, onePerKey) };
}
const item = (key: string, dueMs = 0): Item<unknown, never> => ({
  kind: "timer",
  key,
  timer: { shard: 0, key, kind: "k", dueMs },
  settle: () => undefined,
});
const keysOf = ({ items }: { readonly items: readonly Item<unknown, never>[] }) => items.map(({ key }) => key);
const acknowledgement = (n: number) => ({
  row: {
    shard: 0,
    envelope: {
      topic: "t",
      key: "k",
      sequence: n,
      type: "",
      producer: "",
      timeMs: 0,
      causationId: "",
      correlationId: "",
      data: "",
    },
    message: "",
  },
  deleted: () => undefined,
});

describe("a batch", () => {
  test("starts at once for urgent work, and is never due while nothing waits", () => {
    const { queue } = queueAt();
    expect(queue.readyInMs()).toBe(Number.POSITIVE_INFINITY);
    queue.push(item("a"), false);
    expect(queue.readyInMs()).toBe(0);
    expect(keysOf(queue.take())).toEqual(["a"]);
    expect(queue.readyInMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test("of background work waits for company, unless it is full or something urgent comes", () => {
    const { time, queue } = queueAt();
    queue.push(item("a"), true);
    time.ms += 5;
    queue.push(item("b"), true);
    expect(queue.readyInMs()).toBe(15);
    time.ms += 30;
    expect(queue.readyInMs()).toBe(0);
    time.ms -= 30;
    queue.push(item("u"), false);
    expect(keysOf(queue.take())).toEqual(["u", "a", "b"]);
    for (const key of ["a", "b", "c", "d"]) queue.push(item(key), true);
    expect(queue.readyInMs()).toBe(0);
  });

  test("carries acknowledgements, which make one by themselves only after their delay", () => {
    const { time, queue } = queueAt();
    queue.acknowledge(acknowledgement(1));
    expect(queue.readyInMs()).toBe(30);
    queue.push(item("a"), false);
    expect(queue.take().acknowledged).toHaveLength(1);
    queue.acknowledge(acknowledgement(2));
    time.ms += 31;
    expect(queue.readyInMs()).toBe(0);
    const { items, acknowledged } = queue.take();
    expect([items.length, acknowledged.length]).toEqual([0, 1]);
  });

  test("holds at most its limit, in the order in which items came", () => {
    const { queue } = queueAt();
    for (const key of ["a", "b", "c", "d", "e", "f"]) queue.push(item(key), false);
    for (let n = 1; n <= 25; n++) queue.acknowledge(acknowledgement(n));
    const first = queue.take();
    expect(keysOf(first)).toEqual(["a", "b", "c", "d"]);
    expect(first.acknowledged.map(({ row }) => row.envelope.sequence)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    const second = queue.take();
    expect(keysOf(second)).toEqual(["e", "f"]);
    expect(second.acknowledged).toHaveLength(5);
  });

  test("keeps a place for background work that has waited its time", () => {
    const { time, queue } = queueAt();
    queue.push(item("background"), true);
    for (let i = 0; i < 9; i++) queue.push(item(`u${i}`), false);
    expect(keysOf(queue.take())).toEqual(["u0", "u1", "u2", "u3"]);
    time.ms += 50;
    expect(keysOf(queue.take())).toEqual(["u4", "u5", "u6", "background"]);
    expect(keysOf(queue.take())).toEqual(["u7", "u8"]);
    expect(queue.size()).toBe(0);
  });

  test("to be verified comes first and alone", () => {
    const { queue } = queueAt();
    queue.push(item("a"), false);
    queue.pushVerified(item("v"));
    const first = queue.take();
    expect([first.verify, ...keysOf(first)]).toEqual([true, "v"]);
    const second = queue.take();
    expect([second.verify, ...keysOf(second)]).toEqual([false, "a"]);
  });

  test("to be verified leaves each second batch, and most of the room, to other work that is due", () => {
    const { time, queue } = queueAt();
    for (let i = 0; i < 9; i++) queue.pushVerified(item(`v${i}`));
    queue.push(item("background"), true);
    // What waits for company is not due.
    expect(keysOf(queue.take())).toEqual(["v0", "v1", "v2", "v3"]);
    for (let i = 0; i < 5; i++) queue.push(item(`u${i}`), false);
    expect(keysOf(queue.take())).toEqual(["u0", "u1", "u2", "u3"]);
    expect(keysOf(queue.take())).toEqual(["v4"]);
    expect(keysOf(queue.take())).toEqual(["u4", "background"]);
    queue.push(item("late"), true);
    time.ms += 50;
    expect(keysOf(queue.take())).toEqual(["v5"]);
    expect(keysOf(queue.take())).toEqual(["late"]);
    expect(keysOf(queue.take())).toEqual(["v6", "v7", "v8"]);
  });

  test("holds one item a key where rows are shared, without changing their order", () => {
    const { queue } = queueAt(true);
    queue.push(item("a", 1), false);
    queue.push(item("a", 2), false);
    queue.push(item("b", 1), false);
    queue.push(item("a", 3), true);
    const due = () => queue.take().items.map((each) => (each.kind === "timer" ? `${each.key}${each.timer.dueMs}` : ""));
    expect([due(), due(), due(), due()]).toEqual([["a1", "b1"], ["a2"], ["a3"], []]);
  });

  test("that is never taken is drained whole", () => {
    const { queue } = queueAt();
    queue.push(item("a"), false);
    queue.push(item("b"), true);
    queue.pushVerified(item("c"));
    expect(queue.size()).toBe(3);
    expect(queue.drain().map(({ key }) => key)).toEqual(["a", "b", "c"]);
    expect(queue.size()).toBe(0);
  });
});

/** A command that creates something. */
const beginning = (key: string): Item<unknown, never> => ({
  kind: "command",
  key,
  name: "open",
  creates: true,
  sharedOnly: false,
  expiresMs: Number.POSITIVE_INFINITY,
  sharedKeys: () => [],
  decide: () => {
    throw new Error("is not decided here");
  },
  replayed: () => undefined,
  keyReused: () => undefined,
  fail: () => undefined,
});

test("a clock that is set back lengthens no wait", () => {
  const { time, queue } = queueAt();
  queue.push(item("a"), true);
  time.ms -= 900;
  expect(queue.readyInMs()).toBe(0);
  expect(keysOf(queue.take())).toEqual(["a"]);
  queue.acknowledge(acknowledgement(1));
  time.ms -= 50;
  expect(queue.readyInMs()).toBe(0);
  expect(queue.take().acknowledged).toHaveLength(1);
  // And starves nothing: what is due has its share of a full batch.
  time.ms += 2000;
  queue.push(item("b"), true);
  time.ms -= 900;
  for (let n = 0; n < 9; n++) queue.push(item(`u${n}`), false);
  expect(keysOf(queue.take())).toContain("b");
});

describe("what begins new work", () => {
  test("starts a batch at once, and gets what room the work under way leaves", () => {
    const { time, queue } = queueAt();
    queue.push(beginning("new"), false);
    expect(queue.readyInMs()).toBe(0);
    for (const key of ["a", "b", "c", "d"]) queue.push(item(key), false);
    expect(keysOf(queue.take())).toEqual(["a", "b", "c", "d"]);
    queue.push(item("e"), false);
    queue.push(item("b1"), true);
    queue.push(item("b2"), true);
    time.ms += LIMITS.backgroundDelayMs;
    // Background work that is due has its share before it, the rest of it comes after.
    for (const key of ["new2", "new3"]) queue.push(beginning(key), false);
    expect(keysOf(queue.take())).toEqual(["e", "new", "new2", "b1"]);
    expect(keysOf(queue.take())).toEqual(["new3", "b2"]);
    expect(queue.size()).toBe(0);
  });

  test("is no work under way, which is what waits and what the last batch took", () => {
    const { queue } = queueAt();
    for (const key of ["a", "b", "c", "d", "e"]) queue.push(item(key), false);
    queue.push(beginning("new"), false);
    queue.push(item("later"), true);
    expect(queue.underWay()).toBe(5);
    queue.take();
    expect(queue.underWay()).toBe(5);
    queue.take();
    expect(queue.underWay()).toBe(1);
  });
});

describe("a backlog", () => {
  test("is as old as the first batch that passed over work under way, and gone with one that takes all", () => {
    const { time, queue } = queueAt();
    for (let n = 0; n < 9; n++) queue.push(item(`${n}`), false);
    expect(queue.backlogMs()).toBe(0);
    queue.take();
    time.ms += 30;
    queue.take();
    time.ms += 10;
    expect(queue.backlogMs()).toBe(40);
    queue.take();
    expect(queue.backlogMs()).toBe(0);
  });

  test("is seen all the same when the clock was set back", () => {
    const { time, queue } = queueAt();
    for (let n = 0; n < 13; n++) queue.push(item(`${n}`), false);
    queue.take();
    time.ms -= 900;
    queue.take();
    time.ms += 40;
    expect(queue.backlogMs()).toBe(40);
  });

  test("is not what waits for its key, nor new work", () => {
    const { time, queue } = queueAt(true);
    for (let n = 0; n < 3; n++) queue.push(item("a"), false);
    for (let n = 0; n < 6; n++) queue.push(beginning(`${n}`), false);
    queue.take();
    time.ms += 100;
    queue.take();
    expect(queue.backlogMs()).toBe(0);
  });
});
