import { expect, test } from "bun:test";
import { createMemoryHints } from "../cache/memory.ts";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { incoming, newKey, testBench } from "./replicas.fixture.ts";

const bench = testBench();

test("messages that wait are looked at again at the pace of renewals, not at each poll", async () => {
  const time = { ms: systemClock.now() };
  const replica = await bench.replica({ clock: { now: () => time.ms }, limits: { backgroundDelayMs: 0 } });
  let looks = 0;
  replica.faults.seen = ({ text }) => {
    if (text.includes("from inbox_mark where key = any")) looks++;
  };
  const key = newKey();
  const waiting = replica.deliver(incoming(key, 2, { name: "second" }));
  await until("it waits", () => replica.running.depth().waiting === 1);
  const before = looks;
  // Many polls, in which the clock stands still.
  await systemScheduler.sleep(300);
  expect(looks).toBe(before);
  time.ms += 60;
  await until("it is looked at again", () => looks === before + 1);
  time.ms -= 3_600_000;
  await until("it is looked at also when the clock was set back", () => looks === before + 2);
  await replica.deliver(incoming(key, 1, { name: "first" }));
  await waiting;
  expect(await bench.effects(key)).toEqual(["first", "second"]);
});

/** A replica that polls hardly ever, and what another one would tell it. */
async function told(pollMs: number) {
  const bus = createMemoryHints(systemScheduler);
  const replica = await bench.replica({ hints: bus.join(), pollMs });
  const other = bus.join();
  let looks = 0;
  let whileLooking: () => void = () => undefined;
  replica.faults.seen = async ({ text }) => {
    if (!text.includes("from call_intent where shard = any($1::smallint[])) as calls")) return;
    looks++;
    whileLooking();
    // Until it is heard.
    await systemScheduler.sleep(1);
  };
  return {
    tell: () => other.tell("rows.tally", ""),
    looks: () => looks,
    whileLooking(does: () => void) {
      whileLooking = does;
    },
  };
}

test("what is told while it looks is looked for as well, long before the next poll", async () => {
  const { tell, looks, whileLooking } = await told(60_000);
  whileLooking(() => {
    if (looks() === 1) tell();
  });
  tell();
  await until("it has looked again", () => looks() === 2);
});

test("however often it is told, there is a pause between two looks", async () => {
  const { tell, looks } = await told(60_000);
  const startedMs = systemClock.now();
  let elapsedMs = 0;
  while (elapsedMs < 400) {
    tell();
    await systemScheduler.sleep(1);
    elapsedMs = systemClock.now() - startedMs;
  }
  expect(looks()).toBeGreaterThan(1);
  expect(looks()).toBeLessThanOrEqual(1 + elapsedMs / 10);
});
