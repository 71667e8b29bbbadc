/** Facts on a real database: no key is left out, whatever the module holds of it. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { createDirectRpc } from "../rpc/direct.ts";
import { systemScheduler } from "../scheduler.ts";
import { defineFacts, type FactsRequest } from "./facts-contract.ts";
import { answersFacts } from "./read-facts.ts";
import { incoming, testBench } from "./replicas.fixture.ts";
import { type Tally, tally } from "./tally.fixture.ts";

const facts = defineFacts("tally", z.object({ total: z.int() }));
const bench = testBench();

function ask(request: FactsRequest, messaging = tally()) {
  const show = async (states: readonly Tally[]) => states.map(({ total }) => ({ total }));
  const handler = answersFacts(facts, show)(messaging, { database: bench.database, travelling: async () => [] });
  return createDirectRpc([handler], systemScheduler).call(facts, request, { timeoutMs: 5000 });
}

async function allPages(limit: number) {
  const items: Awaited<ReturnType<typeof ask>>["items"] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 50; pages++) {
    const page: Awaited<ReturnType<typeof ask>> = await ask({ after, keys: null, limit });
    items.push(...page.items);
    if (page.complete) return items;
    after = page.items.at(-1)?.key ?? null;
  }
  throw new Error("the pages never end");
}

test("every key with an aggregate, a mark, a row under way or a letter, in key order and once", async () => {
  const replica = await bench.replica();
  await Promise.all(["b", "d"].map((key) => replica.deliver(incoming(key, 1, { name: "add", add: 2, emit: 1 }))));
  // Handled without an aggregate, and parked.
  await replica.deliver(incoming("c", 1, { name: "noted" }, "Other"));
  await replica.deliver(incoming("a", 1, { name: "bad", boom: "no" }));
  await replica.stop();
  await bench.rows("insert into timer (shard, key, kind, due_at) values (99, 'e', 'ring', '2026-01-01Z')");
  for (const limit of [1, 2, 3, 100]) {
    const items = await allPages(limit);
    expect(items.map(({ key }) => key)).toEqual(["a", "b", "c", "d", "e"]);
  }
  const [parked, counted, noted, , timed] = await allPages(100);
  expect(parked).toMatchObject({ version: 0, aggregate: null, letters: [{ sequence: 1, reason: "threw" }] });
  expect(counted).toMatchObject({
    version: 1,
    aggregate: { total: 2 },
    in: { "genai-demo.tally.commands.v1": 1 },
    out: { "genai-demo.tally.events.v1": 1 },
  });
  expect(noted).toMatchObject({ version: 0, aggregate: null, in: { "genai-demo.tally.commands.v1": 1 } });
  expect(timed).toMatchObject({ timers: [{ kind: "ring", dueMs: Date.UTC(2026, 0, 1) }] });
});

test("keys that are asked for come back whether or not there is anything of them", async () => {
  const { items, complete } = await ask({ after: null, keys: ["nobody"], limit: 10 });
  expect([items.map(({ key, version }) => [key, version]), complete]).toEqual([[["nobody", 0]], true]);
});

test("a message whose key is no aggregate is nothing of the module's keys", async () => {
  const { shared, ...others } = tally({ shared: true });
  if (!shared) throw new Error("it has shared rows");
  const messaging = { ...others, shared: { ...shared, topics: ["pots"] } };
  for (const topic of ["pots", "others"])
    await bench.rows(
      `insert into outbox (shard, key, topic, sequence, message) values (98, 'pot of ${topic}', '${topic}', 1, '{}')`,
    );
  const { items } = await ask({ after: "pot", keys: null, limit: 10 }, messaging);
  expect(items.map(({ key, outbox }) => [key, outbox.length])).toEqual([["pot of others", 1]]);
  const asked = await ask({ after: null, keys: ["pot of pots"], limit: 10 }, messaging);
  expect(asked.items.map(({ outbox }) => outbox)).toEqual([[]]);
});
