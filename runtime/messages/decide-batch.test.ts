import { describe, expect, test } from "bun:test";
import { createIds } from "../ids.ts";
import { seededRandom } from "../random.ts";
import { collectMarks, emptyPlan } from "./batch-plan.ts";
import { type BatchContext, decideItem } from "./decide-batch.ts";
import { messageId } from "./envelope.ts";
import { handlerName, handlersOf } from "./handlers.ts";
import { commandItem, type IdempotencyKey, type Item } from "./item.ts";
import { decodeMessage } from "./outbox-message.ts";
import { incoming } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";
import { Instruction, openTally, type Pot, type Script, type Tally, tally } from "./tally.fixture.ts";

const COMMANDS = "genai-demo.tally.commands.v1";
const FOREIGN = "genai-demo.foreign.events.v1";
const EVENTS = "genai-demo.tally.events.v1";
const ids = createIds({ now: () => 1 }, seededRandom(1));
const parts = tally();
const handlers = handlersOf(parts);

const stored = (key: string, total: number, inbox: Record<string, number> = {}) => ({
  key,
  state: { id: key, total },
  version: 4,
  positions: { in: inbox, out: { [EVENTS]: 7 } },
});

function decide(
  items: readonly Item<Tally, Pot>[],
  rows: ReturnType<typeof stored>[] = [],
  shared: Pot[] = [],
  using = handlers,
) {
  const plan = emptyPlan<Tally, Pot>(rows, new Map(shared.map((pot) => [pot.name, pot])));
  const batch: BatchContext<Tally, Pot> = {
    producer: "tally",
    callsHere: () => true,
    discarded: new Set(),
    prepared: new Map(),
    now: 1000,
    ids,
    shared: plan.shared,
  };
  for (const item of items) decideItem(plan, item, using, batch);
  collectMarks(plan);
  return plan;
}

const settled: string[] = [];
const msg = (
  key: string,
  sequence: number,
  script: Script | string,
  type?: string,
  module?: string,
): Item<Tally, Pot> => {
  const envelope = incoming(key, sequence, script, type, module);
  return { kind: "message", key, envelope, settle: () => settled.push(messageId(envelope)) };
};
const timerItem = (key: string, kind: string, dueMs: number): Item<Tally, Pot> => ({
  kind: "timer",
  key,
  timer: { shard: shardOf(key), key, kind, dueMs },
  settle: () => settled.push(`${key} ${kind}`),
});
const outcome = (key: string, kind: string, id = ids.next()): Item<Tally, Pot> => ({
  kind: "outcome",
  key,
  intent: { shard: shardOf(key), id, key, kind, request: '{"from":"x"}', begun: true },
  outcome: { kind: "answered", answer: '"yes"' },
  settle: () => settled.push(id),
});
interface Answers {
  readonly finished: unknown[];
  readonly failed: unknown[];
}
const command = (key: string, script: Script, answers: Answers, idempotency?: IdempotencyKey): Item<Tally, Pot> =>
  commandItem(
    openTally,
    key,
    Instruction.parse(script),
    { expiresMs: 0, ...(idempotency ? { idempotency } : {}) },
    (result) => answers.finished.push(result),
    (error) => answers.failed.push(error),
  );
const answers = (): Answers => ({ finished: [], failed: [] });
const whatOf = (plan: ReturnType<typeof decide>) => (plan.entries.get("effect") ?? []).map(({ what }) => what);
const afterCommit = (plan: ReturnType<typeof decide>) => {
  settled.length = 0;
  for (const settle of plan.afterCommit) settle();
  return [...settled];
};

describe("marks", () => {
  test("skip an older number, take the next, hold back one that is too early", () => {
    const plan = decide(
      [msg("k", 3, { name: "old" }), msg("k", 4, { name: "next" }), msg("k", 6, { name: "early" })],
      [stored("k", 0, { [COMMANDS]: 3 })],
    );
    expect(whatOf(plan)).toEqual(["next"]);
    expect(plan.early.map(({ envelope }) => envelope.sequence)).toEqual([6]);
    expect(plan.working.get("k")?.positions.in[COMMANDS]).toBe(4);
    expect(afterCommit(plan)).toEqual([`${COMMANDS}/k/3`, `${COMMANDS}/k/4`]);
  });

  test("count each topic for itself, and a twin in the batch is skipped", () => {
    const plan = decide([
      msg("k", 1, { name: "a" }),
      msg("k", 1, { name: "a" }),
      msg("k", 1, { name: "b" }, "Happened", "foreign"),
    ]);
    expect(whatOf(plan)).toEqual(["a", "b"]);
    expect(plan.working.get("k")?.positions.in).toEqual({ [COMMANDS]: 1, [FOREIGN]: 1 });
    expect(afterCommit(plan)).toHaveLength(3);
  });

  test("stay before a type that the contract does not name: it is parked, and can be discarded", () => {
    const plan = decide([msg("k", 4, "{}", "Newer")], [stored("k", 5, { [COMMANDS]: 3 })]);
    expect(plan.working.get("k")?.positions.in).toEqual({ [COMMANDS]: 3 });
    expect(plan.deadLetters).toMatchObject([
      { key: "k", source: COMMANDS, sequence: 4, reason: "threw", error: expect.stringContaining("no type Newer") },
    ]);
  });
  test("move for a type that nobody handles, and nothing else does", () => {
    const plan = decide([msg("k", 4, "{}", "Ignored")], [stored("k", 5, { [COMMANDS]: 3 })]);
    expect(plan.working.get("k")).toMatchObject({
      dirty: true,
      state: { total: 5 },
      positions: { in: { [COMMANDS]: 4 } },
    });
    expect(plan.entries.size + plan.outbox.length + plan.marks.length).toBe(0);
  });

  test("of a key without a row are written beside it, from what they were", () => {
    const plan = decide([msg("k", 1, "{}", "Ignored"), msg("k", 2, "{}", "Ignored")]);
    expect(plan.marks).toEqual([{ key: "k", topic: COMMANDS, before: 0, sequence: 2 }]);
  });
});

describe("a handler that throws", () => {
  test("changes nothing and parks only its message; the others of the batch go on", () => {
    const plan = decide(
      [
        msg("k", 1, { name: "a", add: 1 }),
        msg("k", 2, { name: "poison", add: 5, emit: 2, boom: "no" }),
        msg("other", 1, { name: "b" }),
        msg("k", 3, { name: "behind" }),
      ],
      [],
    );
    expect(whatOf(plan)).toEqual(["a", "b"]);
    expect(plan.working.get("k")).toMatchObject({ state: { total: 1 }, positions: { in: { [COMMANDS]: 1 }, out: {} } });
    expect(plan.outbox).toEqual([]);
    expect(plan.deadLetters).toMatchObject([{ key: "k", source: COMMANDS, sequence: 2, reason: "threw" }]);
    expect(plan.deadLetters[0]?.error).toContain("no");
    expect(plan.early.map(({ envelope }) => envelope.sequence)).toEqual([3]);
  });

  test("is what data against the contract makes of it", () => {
    const plan = decide([msg("k", 1, '{"name":1}'), msg("l", 1, "not json")]);
    expect(plan.deadLetters.map(({ key }) => key)).toEqual(["k", "l"]);
  });

  test("parks its timer or outcome, whose row goes away, under a name of its own", () => {
    const plan = decide([timerItem("k", "bad", 5), outcome("k", "bad"), outcome("k", "bad"), outcome("k", "gone")]);
    expect(plan.timersFired).toHaveLength(1);
    expect(plan.intentsDone).toHaveLength(3);
    expect(new Set(plan.deadLetters.map(({ source }) => source)).size).toBe(4);
    expect(plan.working.get("k")?.dirty).toBe(false);
  });
});

describe("a batch", () => {
  test("shows each item of a key what the earlier ones left, and numbers what goes out", () => {
    const plan = decide(
      [
        msg("k", 1, { name: "a", add: 2, emit: 1 }),
        msg("k", 2, { name: "b", add: 3, emit: 2 }),
        command("k", { name: "c", add: 4, emit: 1 }, answers()),
      ],
      [stored("k", 1)],
    );
    expect(plan.working.get("k")?.state?.total).toBe(10);
    expect(plan.outbox.map(({ envelope }) => envelope.sequence)).toEqual([8, 9, 10, 11]);
    expect(plan.outbox.map(({ envelope }) => JSON.parse(envelope.data).total)).toEqual([3, 6, 6, 10]);
    expect(plan.outbox.map(({ envelope }) => envelope.causationId)).toEqual([
      `${COMMANDS}/k/1`,
      `${COMMANDS}/k/2`,
      `${COMMANDS}/k/2`,
      "k",
    ]);
    expect(plan.working.get("k")).toMatchObject({ version: 4, positions: { out: { [EVENTS]: 11 } } });
    for (const { envelope, message } of plan.outbox)
      expect(decodeMessage({ topic: envelope.topic, key: "k", sequence: envelope.sequence, message })).toEqual(
        envelope,
      );
  });

  test("hands a shared row on from item to item", () => {
    const plan = decide(
      [msg("k", 1, { name: "a", add: 2, pot: "p" }), msg("l", 1, { name: "b", add: 3, pot: "p" })],
      [],
      [{ name: "p", amount: 10 }],
    );
    expect(plan.shared.get("p")?.amount).toBe(15);
    expect([...plan.changedShared]).toEqual(["p"]);
  });

  test("refuses to send to a topic that its module does not declare", () => {
    const sends = new Set([FOREIGN]);
    const plan = decide([msg("k", 1, { name: "a", emit: 1 })], [], [], { ...handlers, sends });
    expect(plan.deadLetters[0]?.error).toContain(`sends to ${EVENTS}, which its module does not declare`);
    expect(plan.outbox).toEqual([]);
  });

  test("refuses to send messages of a key that has no aggregate", () => {
    const plan = decide([timerItem("k", "ring", 1)]);
    expect(plan.deadLetters).toEqual([]);
    const { messages } = handlers;
    const sending = new Map(messages).set(handlerName(COMMANDS, "Do"), {
      topic: COMMANDS,
      type: "Do",
      urgency: "customer",
      prepare: () => ({
        sharedKeys: () => [],
        decide: () => ({ messages: [{ topic: EVENTS, type: "Done", data: "{}" }] }),
      }),
    });
    const empty = emptyPlan<Tally, Pot>([], new Map());
    decideItem(
      empty,
      msg("k", 1, { name: "x" }),
      { ...handlers, messages: sending },
      {
        producer: "tally",
        callsHere: () => true,
        discarded: new Set(),
        prepared: new Map(),
        now: 0,
        ids,
        shared: empty.shared,
      },
    );
    expect(empty.deadLetters[0]?.error).toContain("no aggregate");
    expect(empty.outbox).toEqual([]);
  });
});

describe("timers", () => {
  const set = (kind: string, dueMs: number): Script => ({ name: "set", timers: [{ kind, dueMs }] });

  test("set twice move, cancelled ones go, set again they stay", () => {
    const plan = decide([
      msg("k", 1, set("ring", 5)),
      msg("k", 2, set("ring", 9)),
      msg("l", 1, set("ring", 5)),
      msg("l", 2, { name: "c", cancel: ["ring"] }),
      msg("m", 1, { name: "c", cancel: ["ring"] }),
      msg("m", 2, set("ring", 7)),
    ]);
    expect([...plan.timersSet.values()].map(({ key, dueMs }) => [key, dueMs])).toEqual([
      ["k", 9],
      ["m", 7],
    ]);
    expect([...plan.timersCancelled.keys()]).toEqual(["l ring"]);
  });

  test("fire, and may be set again by what follows in the batch", () => {
    const plan = decide([timerItem("k", "ring", 5), msg("k", 1, set("ring", 50))], [stored("k", 1)]);
    expect(plan.timersFired).toMatchObject([{ key: "k", dueMs: 5 }]);
    expect([...plan.timersSet.values()]).toMatchObject([{ dueMs: 50 }]);
    expect(whatOf(plan)).toEqual(["ring", "set"]);
  });

  test("do not fire when an earlier item of the batch has cancelled or moved them", () => {
    const plan = decide([
      msg("k", 1, { name: "c", cancel: ["ring"] }),
      timerItem("k", "ring", 5),
      msg("l", 1, set("ring", 50)),
      timerItem("l", "ring", 5),
    ]);
    expect(plan.timersFired).toEqual([]);
    expect(whatOf(plan)).toEqual(["c", "set"]);
    expect(afterCommit(plan)).toContain("l ring");
  });
});

describe("a command", () => {
  const key = (bodyHash: string): IdempotencyKey => ({ scope: "s", bodyHash, status: 201, reference: "r" });

  test("that is accepted writes its idempotency key and is answered after the commit", () => {
    const heard = answers();
    const plan = decide([command("k", { name: "a", add: 2 }, heard, key("b"))]);
    expect(plan.idempotency).toEqual([key("b")]);
    expect(heard.finished).toEqual([]);
    afterCommit(plan);
    expect(heard.finished).toEqual([{ kind: "decided", answer: 2 }]);
  });

  test("that is refused writes none, so a twin in the batch is decided", () => {
    const heard = answers();
    const plan = decide([
      command("k", { name: "a", refuse: true }, heard, key("b")),
      command("k", { name: "b", add: 1 }, heard, key("b")),
    ]);
    expect(plan.idempotency).toHaveLength(1);
    afterCommit(plan);
    expect(heard.finished).toEqual([
      { kind: "decided", answer: -1 },
      { kind: "decided", answer: 1 },
    ]);
  });

  test("that is the twin of an accepted one is answered with it, or told that the key was reused", () => {
    const heard = answers();
    const plan = decide([
      command("k", { name: "a", add: 1 }, heard, key("b")),
      command("l", { name: "a", add: 1 }, heard, key("b")),
      command("m", { name: "a", add: 1 }, heard, key("other")),
    ]);
    afterCommit(plan);
    expect(heard.finished).toMatchObject([
      { kind: "decided", answer: 1 },
      { kind: "replayed", status: 201, reference: "r" },
      { kind: "keyReused" },
    ]);
    expect(whatOf(plan)).toEqual(["a"]);
  });

  test("that throws writes nothing and keeps no key", () => {
    const heard = answers();
    const plan = decide([command("k", { name: "a", boom: "bug", add: 1 }, heard, key("b"))]);
    expect(plan.failed).toHaveLength(1);
    expect(plan.idempotency).toEqual([]);
    expect(plan.working.get("k")).toMatchObject({ dirty: false, state: undefined });
    afterCommit(plan);
    expect(heard.finished).toEqual([]);
  });
});
