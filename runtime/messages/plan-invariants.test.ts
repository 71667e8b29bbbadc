import { describe, expect, test } from "bun:test";
import type { Lane } from "../database/port.ts";
import { InvariantBroken } from "../invariant.ts";
import { type BatchDeps, runBatch } from "./batch.ts";
import { type BatchPlan, emptyPlan } from "./batch-plan.ts";
import { handlersOf } from "./handlers.ts";
import type { MessageItem } from "./item.ts";
import { checkPlan } from "./plan-invariants.ts";
import { ids, incoming } from "./replicas.fixture.ts";
import { type Ports, type Pot, type Tally, tally } from "./tally.fixture.ts";

const TOPIC = "genai-demo.tally.events.v1";
interface Row {
  readonly made: number;
}
const loaded = [{ key: "k", state: { made: 1 }, version: 3, positions: { in: { commands: 5 }, out: { [TOPIC]: 7 } } }];

const store = { frozenChange: (before: Row, after: Row) => (before.made === after.made ? undefined : "made") };

/** A batch that has handled one message and told two, spoilt by `change`. */
function check(change: (plan: BatchPlan<Row, never>) => void = () => undefined) {
  const plan = emptyPlan<Row, never>(loaded, new Map<string, never>());
  Object.assign(plan.working.get("k") ?? {}, {
    dirty: true,
    positions: { in: { commands: 6, others: 1 }, out: { [TOPIC]: 9 } },
  });
  for (const sequence of [8, 9]) tell(plan, "k", sequence);
  plan.working.set("new", {
    key: "new",
    state: { made: 2 },
    positions: { in: {}, out: { [TOPIC]: 1 } },
    version: 0,
    marksBefore: undefined,
    dirty: true,
  });
  tell(plan, "new", 1);
  plan.idempotency.push({ scope: "s", bodyHash: "b", status: 201, reference: "r" });
  change(plan);
  checkPlan(plan, loaded, store, { before: new Map<string, never>() });
}
const tell = (plan: BatchPlan<Row, never>, key: string, sequence: number) =>
  plan.outbox.push({
    shard: 0,
    message: "",
    envelope: {
      topic: TOPIC,
      key,
      sequence,
      type: "Done",
      producer: "tally",
      timeMs: 0,
      causationId: "c",
      correlationId: "c",
      data: "{}",
    },
  });
const position = (plan: BatchPlan<Row, never>, key: string, positions: object) =>
  Object.assign(plan.working.get(key) ?? {}, { positions });

test("a batch whose rows contradict each other writes nothing", async () => {
  const sent: string[] = [];
  // Two states of one key, as no primary key would allow.
  const rows = [3, 4].map((version) => ({ id: "k", total: 1, label: null, version, positions: { in: {}, out: {} } }));
  const lane: Lane = {
    async run({ text }) {
      sent.push(text);
      return text.startsWith("select") ? rows : [];
    },
    begin: () => Promise.reject(new Error("no shared rows here")),
    close: async () => undefined,
  };
  const messaging = tally();
  const deps: BatchDeps<Tally, Pot, Ports> = {
    messaging,
    handlers: handlersOf(messaging),
    lane,
    clock: { now: () => 1 },
    ids,
    shape: new Map(),
    intents: { expect: () => undefined, withdraw: () => undefined, madeHere: () => true },
    cached: () => undefined,
  };
  const envelope = incoming("k", 2, { name: "x" });
  const item: MessageItem = { kind: "message", key: "k", envelope, settle: () => undefined };
  const run = runBatch(deps, [item], [], false);
  await expect(run).rejects.toThrow("k was loaded with version 3");
  expect(sent).toHaveLength(1);
});

describe("a batch's plan", () => {
  test("that follows its counters is written", () => {
    expect(() => check()).not.toThrow();
  });

  test.each<[string, string, Parameters<typeof check>[0]]>([
    ["goes back", "the mark of commands", (plan) => position(plan, "k", { in: { commands: 4 }, out: { [TOPIC]: 9 } })],
    ["forgets a mark", "the mark of commands", (plan) => position(plan, "k", { in: {}, out: { [TOPIC]: 9 } })],
    ["leaves out a number", "goes on with 11 instead of 10", (plan) => tell(plan, "k", 11)],
    ["gives a number twice", "goes on with 9 instead of 10", (plan) => tell(plan, "k", 9)],
    ["tells what it does not count", "ends with 10, its counter with 9", (plan) => tell(plan, "k", 10)],
    [
      "counts what it does not tell",
      "ends with 9, its counter with 12",
      (plan) => position(plan, "k", { in: { commands: 6 }, out: { [TOPIC]: 12 } }),
    ],
    ["tells on a key that it has not met", "its counter with undefined", (plan) => tell(plan, "stranger", 1)],
    [
      "changes what no update writes",
      "made of k changes",
      (plan) => Object.assign(plan.working.get("k") ?? {}, { state: { made: 2 } }),
    ],
    ["loses an aggregate", "was loaded with version 3", (plan) => plan.working.delete("k")],
    [
      "has a request's effect twice",
      "twice in one batch",
      (plan) => plan.idempotency.push({ scope: "s", bodyHash: "o", status: 201, reference: "o" }),
    ],
  ])("that %s is not", (_what, message, change) => {
    expect(() => check(change)).toThrow(InvariantBroken);
    expect(() => check(change)).toThrow(message);
  });
});
