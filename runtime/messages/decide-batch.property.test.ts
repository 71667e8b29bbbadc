import { expect, test } from "bun:test";
import fc from "fast-check";
import { createIds } from "../ids.ts";
import { verify } from "../property.fixture.ts";
import { seededRandom } from "../random.ts";
import { NO_POSITIONS, type Stored } from "./aggregate.ts";
import { type BatchPlan, collectMarks, emptyPlan } from "./batch-plan.ts";
import { type BatchContext, decideItem } from "./decide-batch.ts";
import { createEarlyMessages } from "./early-messages.ts";
import type { Envelope } from "./envelope.ts";
import { handlersOf } from "./handlers.ts";
import type { MessageItem } from "./item.ts";
import { decodeMessage } from "./outbox-message.ts";
import { incoming } from "./replicas.fixture.ts";
import { type Pot, type Tally, tally } from "./tally.fixture.ts";

const MODULES = ["tally", "foreign"] as const;
const EVENTS = "genai-demo.tally.events.v1";
const parts = tally();
const handlers = handlersOf(parts);

/** A message of a stream: what it adds and tells, or null for a type that nobody handles. */
const content = fc.option(fc.record({ add: fc.nat(9), emit: fc.nat(2) }), { freq: 4 });
const stream = fc.record({
  key: fc.constantFrom("a", "b"),
  module: fc.constantFrom(...MODULES),
  contents: fc.array(content, { minLength: 1, maxLength: 6 }),
});
const streams = fc.uniqueArray(stream, { maxLength: 4, selector: ({ key, module }) => `${key} ${module}` });

/** Every message at least once, in any order, some of them again, cut into batches anywhere. */
const deliveries = streams.chain((list) => {
  const sent = list.flatMap(({ key, module, contents }) =>
    contents.map((each, index) => {
      const name = `${module}/${key}/${index + 1}`;
      const type = module === "tally" ? "Do" : "Happened";
      return each === null
        ? incoming(key, index + 1, "{}", "Ignored", module)
        : incoming(key, index + 1, { name, ...each }, type, module);
    }),
  );
  return fc.record({
    streams: fc.constant(list),
    order: fc
      .array(sent.length > 0 ? fc.constantFrom(...sent) : fc.constant(incoming("a", 1, "{}", "Ignored")), {
        maxLength: sent.length === 0 ? 0 : 12,
      })
      .chain((again) => fc.shuffledSubarray([...sent, ...again], { minLength: sent.length + again.length })),
    cuts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
  });
});

/** The module's tables as a model, and the lane around the decisions. */
function openModule() {
  const rows = new Map<string, Stored<Tally>>();
  const marks = new Map<string, Record<string, number>>();
  const effects: string[] = [];
  const outbox: Envelope[] = [];
  const ids = createIds({ now: () => 1 }, seededRandom(1));
  const early = createEarlyMessages({
    clock: { now: () => 0 },
    alarmMs: 1,
    topics: parts.subscribes.map(({ name }) => name),
    report: () => undefined,
  });

  function load(items: readonly MessageItem[]): BatchPlan<Tally, Pot> {
    const keys = [...new Set(items.map(({ key }) => key))];
    const plan = emptyPlan<Tally, Pot>(
      keys.flatMap((key) => rows.get(key) ?? []),
      new Map(),
    );
    for (const key of keys) {
      const marked = marks.get(key) ?? {};
      const present = plan.working.get(key);
      if (present) present.positions = { in: { ...marked, ...present.positions.in }, out: present.positions.out };
      else {
        const positions = { in: marked, out: NO_POSITIONS.out };
        plan.working.set(key, { key, state: undefined, positions, version: 0, marksBefore: marked, dirty: false });
      }
    }
    return plan;
  }

  function commit(plan: BatchPlan<Tally, Pot>) {
    for (const { key, state, positions, version, dirty } of plan.working.values())
      if (dirty && state !== undefined) rows.set(key, { key, state, positions, version: version + 1 });
    for (const { key, topic, before, sequence } of plan.marks) {
      const marked = marks.get(key) ?? {};
      expect(marked[topic] ?? 0).toBe(before);
      marks.set(key, { ...marked, [topic]: sequence });
    }
    for (const { what } of plan.entries.get("effect") ?? []) effects.push(String(what));
    for (const { envelope, message } of plan.outbox) {
      expect(decodeMessage({ ...envelope, message })).toEqual(envelope);
      outbox.push(envelope);
    }
    expect(plan.deadLetters).toEqual([]);
  }

  /** Runs a batch, then what it has made ready, until nothing more is. */
  function run(items: readonly MessageItem[]) {
    for (let left = items; left.length > 0; ) {
      const plan = load(left);
      const batch: BatchContext<Tally, Pot> = {
        producer: "tally",
        prepared: new Map(),
        now: 1000,
        ids,
        shared: plan.shared,
        callsHere: () => true,
        discarded: new Set(),
      };
      for (const item of left) decideItem(plan, item, handlers, batch);
      collectMarks(plan);
      commit(plan);
      for (const settle of plan.afterCommit) settle();
      const ready = early.readyAfter(plan);
      for (const item of plan.early) early.hold(item);
      // What this very batch held back may have become ready in it.
      left = [...ready, ...(plan.early.length > 0 ? early.takeDue() : [])].filter((item) => {
        const isNext = item.envelope.sequence <= markOf(item) + 1;
        if (!isNext) early.hold(item);
        return isNext;
      });
    }
  }
  const markOf = ({ key, envelope: { topic } }: MessageItem) =>
    Math.max(rows.get(key)?.positions.in[topic] ?? 0, marks.get(key)?.[topic] ?? 0);
  return { rows, marks, effects, outbox, run, early, markOf };
}

test("each message has its effect once and in order, however often, in whatever order and batches it comes", () => {
  verify(
    fc.property(deliveries, ({ streams, order, cuts }) => {
      const module = openModule();
      let settled = 0;
      const items = order.map(
        (envelope): MessageItem => ({ kind: "message", key: envelope.key, envelope, settle: () => settled++ }),
      );
      for (let from = 0, cut = 0; from < items.length; cut++) {
        const to = from + (cuts[cut % cuts.length] ?? 1);
        module.run(items.slice(from, to));
        from = to;
      }

      expect(module.early.size()).toBe(0);
      expect(settled).toBe(items.length);
      let effects = 0;
      for (const { key, module: producer, contents } of streams) {
        const topic = producer === "tally" ? "genai-demo.tally.commands.v1" : "genai-demo.foreign.events.v1";
        const names = contents.flatMap((each, index) => (each === null ? [] : [`${producer}/${key}/${index + 1}`]));
        expect(module.effects.filter((what) => what.startsWith(`${producer}/${key}/`))).toEqual(names);
        effects += names.length;
        const last = items.find((item) => item.key === key && item.envelope.topic === topic);
        if (last) expect(module.markOf(last)).toBe(contents.length);
      }
      expect(module.effects).toHaveLength(effects);
      for (const key of ["a", "b"]) {
        const all = streams.filter((each) => each.key === key).flatMap(({ contents }) => contents);
        const total = all.reduce((sum, each) => sum + (each?.add ?? 0), 0);
        expect(module.rows.get(key)?.state.total ?? 0).toBe(total);
        const told = all.reduce((sum, each) => sum + (each?.emit ?? 0), 0);
        expect(module.rows.get(key)?.positions.out[EVENTS] ?? 0).toBe(told);
        const numbers = module.outbox.filter((each) => each.key === key).map(({ sequence }) => sequence);
        expect(numbers).toEqual(Array.from({ length: told }, (_, index) => index + 1));
      }
    }),
    300,
  );
});
