/** Messages that are keyed and counted by rows which aggregates share, and commands that change nothing but those. */
import { expect, test } from "bun:test";
import { emptyPlan } from "./batch-plan.ts";
import { message } from "./contract.ts";
import { decideItem } from "./decide-batch.ts";
import type { Command, Decision } from "./decision.ts";
import { handlersOf } from "./handlers.ts";
import { commandItem, type IdempotencyKey } from "./item.ts";
import { checkPlan } from "./plan-invariants.ts";
import { ids } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";
import { type Pot, type Tally, tally, tallyEvents } from "./tally.fixture.ts";

const handlers = handlersOf(tally());
const idempotency: IdempotencyKey = { scope: "s", bodyHash: "b", status: 201, reference: "r" };
const told = (key: string, sequence: number) => ({
  key,
  sequence,
  message: message(tallyEvents.Done, { name: key, total: sequence }),
});
/** The amount of a pot is the number of its last message. */
const counts = (amount: number) => ({ shared: new Map<string, Pot>([["pot", { name: "pot", amount }]]) });
const changed = counts(2);
const POT: Pot = { name: "pot", amount: 7 };
const check = (made: ReturnType<typeof plan>) =>
  checkPlan(made, [], tally().aggregate, {
    topics: [tallyEvents.Done.topic],
    lastTold: ({ amount }) => amount,
    before: new Map([["pot", POT]]),
  });

/** The plan of commands that decide so, and what they were answered. */
function plan(...decisions: readonly Decision<Tally, Pot>[]) {
  const made = emptyPlan<Tally, Pot>([], new Map([["pot", POT]]));
  const answers: unknown[] = [];
  const finish = (answer: unknown) => answers.push(answer);
  for (const [index, decision] of decisions.entries()) {
    const command: Command<Tally, Pot, null, string> = {
      name: "change-pot",
      decide: () => ({ ...decision, answer: "done" }),
    };
    const options = { expiresMs: 9, idempotency: { ...idempotency, scope: `s${index}` } };
    const item = commandItem(command, `k${index}`, null, options, finish, finish);
    const shared = made.shared;
    decideItem(made, item, handlers, {
      producer: "tally",
      callsHere: () => true,
      discarded: new Set(),
      prepared: new Map(),
      now: 1,
      ids,
      shared,
    });
  }
  return made;
}

test("a message of a shared row goes out under its key, from its shard, and no aggregate counts it", () => {
  const made = plan(
    { ...counts(8), sharedMessages: [told("pot", 8)] },
    { ...counts(9), sharedMessages: [told("pot", 9)] },
  );
  expect(made.outbox.map(({ shard, envelope }) => [shard, envelope.key, envelope.sequence])).toEqual([
    [shardOf("pot"), "pot", 8],
    [shardOf("pot"), "pot", 9],
  ]);
  expect([...made.working.values()].map(({ dirty }) => dirty)).toEqual([false, false]);
  expect(() => check(made)).not.toThrow();
});

test.each([
  [
    "leaves out a number",
    "goes on with 10 after 8",
    { ...counts(10), sharedMessages: [told("pot", 8), told("pot", 10)] },
  ],
  ["leaves out its first number", "goes on with 9 after 7", { ...counts(9), sharedMessages: [told("pot", 9)] }],
  ["does not count", "ends with 8, its counter with 7", { ...counts(7), sharedMessages: [told("pot", 8)] }],
  ["counts what it does not tell", "ends with 7, its counter with 8", counts(8)],
])("a shared row that %s is a broken plan", (_what, message, decision) => {
  expect(() => check(plan(decision))).toThrow(message);
});

test("what sends for a row that it does not change fails, and sends nothing", () => {
  const made = plan({ ...changed, sharedMessages: [told("other", 1)] });
  expect(made.failed.map(({ error }) => String(error))).toEqual([
    expect.stringContaining("sends for other, which it does not change"),
  ]);
  expect(made.outbox).toEqual([]);
});

test("a command that changes shared rows alone is accepted; one that changes nothing is not", () => {
  expect(plan(changed).idempotency.map(({ scope }) => scope)).toEqual(["s0"]);
  expect(plan({}).idempotency).toEqual([]);
});
