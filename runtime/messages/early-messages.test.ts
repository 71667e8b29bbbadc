import { expect, test } from "bun:test";
import { emptyPlan } from "./batch-plan.ts";
import { createEarlyMessages } from "./early-messages.ts";
import type { MessageItem } from "./item.ts";
import { incoming } from "./replicas.fixture.ts";

const TOPIC = "genai-demo.tally.commands.v1";
const item = (key: string, sequence: number): MessageItem => ({
  kind: "message",
  key,
  envelope: incoming(key, sequence, "{}"),
  settle: () => undefined,
});
const planThatMoved = (key: string) => {
  const plan = emptyPlan([{ key, state: {}, version: 1, positions: { in: {}, out: {} } }], new Map());
  for (const working of plan.working.values()) working.dirty = true;
  return plan;
};

test("what has waited for long is looked at again more seldom", () => {
  const time = { ms: 0 };
  const waits: number[] = [];
  const clock = { now: () => time.ms };
  const early = createEarlyMessages({ clock, alarmMs: 1e9, topics: [TOPIC], report: () => undefined });
  const waiting = { ...item("k", 2), waits: () => waits.push(time.ms) };
  early.hold(waiting);
  for (time.ms = 100; time.ms <= 100_000; time.ms += 100) for (const each of early.takeDue()) early.hold(each);
  const pauses = waits.map((ms, index) => ms - (waits[index - 1] ?? 0));
  expect(waits.slice(0, 9)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800]);
  expect(waits.length).toBeLessThan(60);
  expect(Math.max(...pauses)).toBe(10_000);
  expect(early.size()).toBe(1);
});

test("a clock that is set back delays no look", () => {
  const time = { ms: 3_600_000 };
  const clock = { now: () => time.ms };
  const early = createEarlyMessages({ clock, alarmMs: 1e9, topics: [TOPIC], report: () => undefined });
  early.hold(item("k", 2));
  time.ms += 80_000;
  for (const each of early.takeDue()) early.hold(each);
  expect(early.takeDue()).toEqual([]);
  time.ms = 0;
  expect(early.takeDue()).toHaveLength(1);
});

test("what waits is given out in order when its key moves, and the gap that was is forgotten meanwhile", () => {
  const time = { ms: 0 };
  let reports = 0;
  const early = createEarlyMessages({
    clock: { now: () => time.ms },
    alarmMs: 100,
    topics: [TOPIC],
    report: () => reports++,
  });
  for (const sequence of [4, 2, 3]) early.hold(item("k", sequence));
  early.hold(item("other", 9));
  expect(early.readyAfter(planThatMoved("nobody's"))).toEqual([]);
  expect(early.readyAfter(planThatMoved("k")).map(({ envelope }) => envelope.sequence)).toEqual([2, 3, 4]);
  expect(early.size()).toBe(1);
  expect(early.takeDue().map(({ key }) => key)).toEqual(["other"]);

  // The mark moves while the message is being looked at again: a later gap of that key starts anew.
  early.readyAfter(planThatMoved("other"));
  time.ms = 150;
  early.hold(item("other", 11));
  expect(reports).toBe(0);
});
