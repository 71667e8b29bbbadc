import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { virtualTime } from "../virtual-time.fixture.ts";
import { incoming, newKey, testBench } from "./replicas.fixture.ts";
import { createUpkeep, type Upkeep, type UpkeepDeps } from "./upkeep.ts";

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

/** The upkeep of a replica that is not alone, on virtual time: when it looks into the tables, from its start on. */
async function lookingAround(
  whileLooking: (looks: number, upkeep: Upkeep) => void = () => undefined,
  own: Partial<UpkeepDeps> = {},
) {
  const time = virtualTime();
  const startMs = time.clock.now();
  const looks: number[] = [];
  const nothing = async () => undefined;
  const upkeep: Upkeep = createUpkeep({
    module: "tally",
    database: {
      async query() {
        looks.push(time.clock.now() - startMs);
        whileLooking(looks.length, upkeep);
        await time.scheduler.sleep(2);
        return [];
      },
      lane: () => {
        throw new Error("it has no lane");
      },
      close: nothing,
    },
    ...time,
    log: () => undefined,
    shards: { renew: async () => [], held: () => [0], holds: () => false, alone: () => false, release: nothing },
    relay: { sweep: nothing, offer: nothing, behind: () => false, inHand: () => 0, stop: nothing },
    calls: { sweep: nothing, offer: nothing, expect: nothing, withdraw: nothing, stop: nothing },
    timers: { sweep: nothing, offer: nothing, stop: nothing },
    renewMs: 500,
    pollMs: 100,
    recheckWaiting: () => undefined,
    retain: nothing,
    coverLetters: nothing,
    tellUnknown: nothing,
    renewed: () => undefined,
    ...own,
  });
  void upkeep.start();
  await time.advance(2);
  return { upkeep, looks, advance: time.advance };
}

test("it looks at each poll, and sooner when it is told to", async () => {
  const { upkeep, looks, advance } = await lookingAround();
  await advance(150);
  upkeep.lookSoon();
  await advance(150);
  expect(looks).toEqual([0, 102, 152, 254]);
});

test("what it is told while it looks is looked for as well, long before the next poll", async () => {
  const { looks, advance } = await lookingAround((count, { lookSoon }) => {
    if (count === 2) lookSoon();
  });
  await advance(150);
  expect(looks).toEqual([0, 102, 114]);
});

test("however often it is told, there is a pause between two looks", async () => {
  const { upkeep, looks, advance } = await lookingAround();
  for (let ms = 0; ms < 60; ms++) {
    upkeep.lookSoon();
    await advance(1);
  }
  expect(looks).toEqual([0, 12, 24, 36, 48, 60]);
});

test.each(["retain", "coverLetters", "tellUnknown"] as const)(
  "what fails in %s again and again keeps nothing else from being done",
  async (name) => {
    const done = { retain: 0, coverLetters: 0, tellUnknown: 0 };
    const count = (work: keyof typeof done) => async () => {
      done[work]++;
      if (work === name) throw new Error("planted");
    };
    const shards = {
      renew: async () => [],
      held: () => [0],
      holds: () => true,
      alone: () => false,
      release: async () => undefined,
    };
    const { looks, advance } = await lookingAround(undefined, {
      shards,
      retain: count("retain"),
      coverLetters: count("coverLetters"),
      tellUnknown: count("tellUnknown"),
    });
    await advance(1000);
    expect(looks.length).toBeGreaterThan(5);
    expect(done.retain).toBeGreaterThan(5);
    expect([done.coverLetters, done.tellUnknown]).toEqual([done.retain, done.retain]);
  },
);
