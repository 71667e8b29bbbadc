import { expect, test } from "bun:test";
import { virtualTime } from "../virtual-time.fixture.ts";
import { createRolloutActivity } from "./rollout-activity.ts";

const OVERLAP_MS = 30_000;
const GRACE_MS = 10_000;

function starting() {
  const { scheduler, advance } = virtualTime();
  const changes: boolean[] = [];
  const logged: string[] = [];
  const conditions: (string | null)[] = [];
  const activity = createRolloutActivity({
    ownHash: "blue",
    overlapMs: OVERLAP_MS,
    graceMs: GRACE_MS,
    scheduler,
    log: (level, event) => void logged.push(`${level} ${event}`),
    condition: (problem) => void conditions.push(problem),
  });
  activity.onChange((isActive) => changes.push(isActive));
  activity.start();
  return { activity, advance, changes, logged, conditions };
}

const away = { text: "the server is away", isRefusal: false };
const refused = { text: "it may not", isRefusal: true };

test("stands by until it is told that its colour is the active one, and then acts at once", () => {
  const { activity, changes } = starting();
  expect(activity.isActive()).toBe(false);
  activity.selects("green");
  expect([activity.isActive(), changes]).toEqual([false, []]);
  activity.selects("blue");
  expect([activity.isActive(), changes]).toEqual([true, [true]]);
});

test("a Service that selects by no hash has no colours", () => {
  const { activity } = starting();
  activity.selects(null);
  expect(activity.isActive()).toBe(true);
});

test("goes on for the overlap when another colour is active, counted from the first word of it", async () => {
  const { activity, advance, changes } = starting();
  activity.selects("blue");
  activity.selects("green");
  await advance(OVERLAP_MS - 1_000);
  activity.selects("green");
  expect(activity.isActive()).toBe(true);
  await advance(1_000);
  expect([activity.isActive(), changes]).toEqual([false, [true, false]]);
});

test("is active as if nothing had happened when the switch is taken back in time, and at once when it is later", async () => {
  const { activity, advance, changes } = starting();
  activity.selects("blue");
  activity.selects("green");
  await advance(OVERLAP_MS - 1);
  activity.selects("blue");
  await advance(2 * OVERLAP_MS);
  expect(changes).toEqual([true]);
  activity.selects("green");
  await advance(OVERLAP_MS);
  activity.selects("blue");
  expect(changes).toEqual([true, false, true]);
});

test("counts as active when nobody can tell for the grace; a later word counts, after the overlap", async () => {
  const { activity, advance, changes } = starting();
  activity.problem(refused);
  await advance(GRACE_MS - 1);
  expect(changes).toEqual([]);
  await advance(1);
  expect(changes).toEqual([true]);
  activity.selects("green");
  await advance(OVERLAP_MS);
  expect(changes).toEqual([true, false]);
});

test("one that has heard within the grace stays with that, however long nobody can tell", async () => {
  const { activity, advance, changes } = starting();
  activity.selects("green");
  activity.problem(away);
  await advance(100 * GRACE_MS);
  expect(changes).toEqual([]);
});

test("does not end while nobody can tell, since the other colour may not have heard; the next answer decides", async () => {
  for (const [answer, isActive] of [
    ["green", false],
    ["blue", true],
  ] as const) {
    const { activity, advance } = starting();
    activity.selects("blue");
    activity.selects("green");
    activity.problem(away);
    await advance(10 * OVERLAP_MS);
    expect(activity.isActive()).toBe(true);
    activity.selects(answer);
    expect(activity.isActive()).toBe(isActive);
    activity.problem(null);
    activity.selects("blue");
    activity.selects("green");
    await advance(OVERLAP_MS - 1);
    expect(activity.isActive()).toBe(true);
    await advance(1);
    expect(activity.isActive()).toBe(false);
  }
});

test("problems are told once, at the level that they deserve, and take no turn; so is their end", () => {
  const { activity, logged, conditions } = starting();
  activity.problem(null);
  expect([logged, conditions]).toEqual([[], [null]]);
  activity.selects("blue");
  for (const problem of [away, away, refused, null, null]) activity.problem(problem);
  expect(logged).toEqual([
    "info activity.active",
    "warn activity.unknown",
    "error activity.unknown",
    "info activity.known",
  ]);
  expect(conditions.slice(1).map((text) => text !== null)).toEqual([true, true, true, false, false]);
  expect(conditions[1]).toContain("the last answer holds");
});

test("nothing changes after stop", async () => {
  const first = starting();
  first.activity.stop();
  await first.advance(GRACE_MS);
  const second = starting();
  second.activity.selects("blue");
  second.activity.selects("green");
  second.activity.stop();
  await second.advance(OVERLAP_MS);
  expect([first.changes, second.changes]).toEqual([[], [true]]);
});
