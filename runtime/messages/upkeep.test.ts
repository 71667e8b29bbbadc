import { expect, test } from "bun:test";
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
  await replica.deliver(incoming(key, 1, { name: "first" }));
  await waiting;
  expect(await bench.effects(key)).toEqual(["first", "second"]);
});
