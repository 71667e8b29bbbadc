import { expect, test } from "bun:test";
import { createDirectRpc } from "../rpc/direct.ts";
import { systemScheduler } from "../scheduler.ts";
import { encodeMessage } from "./outbox-message.ts";
import { ids, testBench } from "./replicas.fixture.ts";
import { waitingHandler, waitingRpc } from "./waiting-work.ts";

const bench = testBench();
const NOW = Date.UTC(2026, 4, 1);
const TOPIC = "genai-demo.tally.events.v1";

async function waiting(lookedAt?: number) {
  const rpc = createDirectRpc([waitingHandler("tally", bench.database, lookedAt)], systemScheduler);
  return (await rpc.call(waitingRpc("tally"), { nowMs: NOW }, { timeoutMs: 5000 })).waiting;
}

/** Nobody runs the module, so it stays. */
async function putMessage(
  key: string,
  sequence: number,
  timeMs: number,
  { data = "{}", shard = 9, topic = TOPIC } = {},
) {
  const place = { topic, key, sequence, data, causationId: "test", correlationId: key };
  const message = encodeMessage({ ...place, type: "Added", producer: "tally", timeMs });
  await bench.database.query({
    text: "insert into outbox (shard, key, topic, sequence, message) values ($1, $2, $3, $4::integer, $5)",
    params: [shard, key, topic, sequence, message],
  });
}

test("nothing waits in a module at rest, nor in one without messages", async () => {
  expect(await waiting()).toEqual([]);
  const rpc = createDirectRpc([waitingHandler("tally", undefined)], systemScheduler);
  expect(await rpc.call(waitingRpc("tally"), { nowMs: NOW }, { timeoutMs: 5000 })).toEqual({ waiting: [] });
});

test("messages, calls and due timers are counted by what they are, each with the one that waits longest", async () => {
  await putMessage("b", 1, NOW - 3_000, { data: '{"timeMs":1}' });
  await putMessage("a", 1, NOW - 9_000);
  await putMessage("a", 2, NOW - 2_000);
  const id = ids.next();
  await bench.rows(
    `insert into call_intent (shard, id, key, kind, request) values (9, '${id}', 'c', 'fetch', '{"name":"Alice"}')`,
  );
  for (const [key, kind, atMs] of [
    ["d", "ring", NOW - 10],
    ["e", "ring", NOW],
    ["f", "ring", NOW + 1],
    ["g", "later", NOW + 5_000],
  ] as const)
    await bench.rows(
      `insert into timer (shard, key, kind, due_at) values (9, '${key}', '${kind}', '${new Date(atMs).toISOString()}')`,
    );
  const found = await waiting();
  expect(found).toEqual([
    {
      kind: "call",
      name: "fetch",
      count: 1,
      atLeast: false,
      oldestMs: Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16),
      oldestKey: "c",
    },
    { kind: "message", name: TOPIC, count: 3, atLeast: false, oldestMs: NOW - 9_000, oldestKey: "a" },
    { kind: "timer", name: "ring", count: 2, atLeast: false, oldestMs: NOW - 10, oldestKey: "d" },
  ]);
  expect(JSON.stringify(found)).not.toContain("Alice");
});

test("of a great deal the first of each shard are looked at, and the answer says that there may be more", async () => {
  for (const [shard, key] of [
    [1, "a"],
    [1, "b"],
    [1, "c"],
    [2, "d"],
    [3, "e"],
  ] as const)
    await putMessage(key, 1, NOW - 1_000, { shard, topic: key === "e" ? "other" : TOPIC });
  for (const key of ["x", "y", "z"])
    await bench.rows(`insert into timer (shard, key, kind, due_at)
      values (1, '${key}', 'ring', '${new Date(NOW - (key === "z" ? 2_000 : 1_000)).toISOString()}')`);
  const id = ids.next();
  await bench.rows(`insert into call_intent (shard, id, key, kind, request) values (1, '${id}', 'c', 'fetch', '{}')`);
  const counts = (await waiting(2)).map(({ name, count, atLeast, oldestKey }) => [name, count, atLeast, oldestKey]);
  expect(counts).toEqual([
    ["fetch", 1, false, "c"],
    [TOPIC, 3, true, "a"],
    ["other", 1, true, "e"],
    ["ring", 2, true, "z"],
  ]);
  expect((await waiting(4)).map(({ count, atLeast }) => [count, atLeast])).toEqual([
    [1, false],
    [4, false],
    [1, false],
    [3, false],
  ]);
});
