/**
 * The real platform on the simulation: some seeds without a violation, each the same on another server, and the planted
 * bugs that matter most found. `simulate` looks at many more seeds and at every planted bug.
 */
import { describe, expect, test } from "bun:test";
import { mutate } from "./mutants.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { simulate } from "./runner.ts";

const SEEDS = 48;
const LIMIT_MS = 180_000;

/** Drawn by the seeds. */
const FAULTS = [
  "crashAroundCommit",
  "answerLost",
  "executedLate",
  "statementSlow",
  "slowDatabase",
  "duplicate",
  "redelivery",
  "delay",
  "freeze",
  "clockStoodStill",
  "externalSlow",
  "paymentOutage",
  "mailOutage",
  "operatorSession",
  "replicaJoins",
  "replicaLeaves",
  "replicaLeavesForGood",
  "handlerThrew",
  "letterReplayed",
  "replayedTwiceAtOnce",
  "letterDiscarded",
];
/** What they led to. */
const CONSEQUENCES = [
  "outsideRefused",
  "outsideTooLate",
  "leaseExpiredAlive",
  "takenFromLiving",
  "wokeAfterTakeover",
  "twoHolders",
  "stoppedInOrder",
  "parked",
  "parkedBehind",
  "letterReleased",
  "auditAnswered",
];

/** The same of brokers, and what their faults led to. */
const OF_BROKERS = [
  "brokerOutage",
  "brokerRequestLost",
  "brokerAnswerLost",
  "brokerRequestLate",
  "brokerSlow",
  "partlyWritten",
  "memberExpelled",
  "consumerCrash",
  "crashAfterOffsets",
  "overBrokers",
  "overBrokersSplit",
  "askedElsewhere",
  "hint",
  "hintLost",
  "rebalance",
  "memberMissed",
  "staleBatch",
  "commitRefused",
  "writtenTwice",
  "brokerRedelivery",
];

const settings = {
  workload: "platform",
  from: 1,
  minutes: 3,
  workers: 2,
  detail: "end" as const,
  replayEvery: 0,
  mutant: null,
  stopAtFirst: false,
  onFailure: () => undefined,
};

describe("the platform", () => {
  test(
    "keeps every promise whatever fails, and each seed replays on another server",
    async () => {
      const report = await simulate({ ...settings, seeds: SEEDS, replayEvery: 4 });
      expect(report.failures.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
      expect([report.seeds, report.replays]).toEqual([SEEDS, SEEDS / 4]);
      // Nothing was shown if no order was sold, none was refused, or nothing failed.
      for (const outcome of [
        "FULFILLING",
        "REJECTED out_of_stock",
        "REJECTED payment_declined",
        "EXPIRED deadline_passed",
      ])
        expect([outcome, (report.outcomes[outcome] ?? 0) > 0]).toEqual([outcome, true]);
      for (const kind of [...FAULTS, ...CONSEQUENCES])
        expect([kind, (report.faults[kind] ?? 0) > 0]).toEqual([kind, true]);
      const { waits, deadlocks, timeouts } = report.locks;
      for (const [what, count] of Object.entries({ waits, deadlocks, timeouts }))
        expect([what, count > 0]).toEqual([what, true]);
      expect(report.longestCalmMs).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test(
    "keeps them over brokers as well, in one process or in several",
    async () => {
      const seeds = SEEDS / 2;
      const report = await simulate({ ...settings, workload: "platform:kafka", seeds, replayEvery: 4 });
      expect(report.failures.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
      expect([report.seeds, report.replays]).toEqual([seeds, seeds / 4]);
      for (const kind of OF_BROKERS) expect([kind, (report.faults[kind] ?? 0) > 0]).toEqual([kind, true]);
    },
    LIMIT_MS,
  );
});

const PLANTED = [
  ["no-inbox-mark", "platform"],
  ["delete-before-publish", "platform"],
  ["lost-update", "platform"],
  ["charge-again", "platform"],
  ["no-gap-check", "platform"],
  ["confirm-failed-send", "platform:kafka"],
  ["commit-past-unsettled", "platform:kafka"],
] as const;

describe("a planted bug is found within 100 seeds", () => {
  for (const [name, workload] of PLANTED) {
    test(
      name,
      async () => {
        const mutant = PLANTED_BUGS.find((candidate) => candidate.name === name);
        if (mutant === undefined) throw new Error(`there is no planted bug ${name}`);
        const report = await simulate({
          ...settings,
          workload,
          seeds: 100,
          mutant,
          stopAtFirst: true,
          detail: "story",
        });
        const [failure] = report.failures;
        expect(failure?.violations[0]).toBeDefined();
        expect(failure?.violations[0]).not.toContain("the simulation broke");
        expectReadable(failure?.story ?? []);
      },
      LIMIT_MS,
    );
  }
});

/** Short enough to be read, in order, and it ends with how things stand. */
function expectReadable(story: readonly string[]) {
  const told = story.filter((line) => !line.startsWith(" at the end"));
  const times = told.map((line) => Number(/^ *([\d.]+) s {2}\S/.exec(line)?.[1]));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(told.some((line) => line.includes("starts"))).toBe(true);
  expect(told.some((line) => line.includes("VIOLATION"))).toBe(true);
  expect(story.length).toBeGreaterThan(told.length);
  expect(story.length).toBeLessThan(400);
}

test("every planted bug still has its place in the code, under a name of its own", () => {
  for (const mutant of PLANTED_BUGS) expect(mutate(mutant).contents).toContain(mutant.replace);
  expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length);
});
