/**
 * The real platform on the simulation: some seeds without a violation, each the same on another server, and the planted
 * bugs that matter most found. `simulate` looks at many more seeds and at every planted bug.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KEPT_SEEDS } from "./kept-seeds.ts";
import { runMutants } from "./mutant-run.ts";
import { mutate } from "./mutants.ts";
import { FOR_REAL_PROCESSES } from "./planted-bugs/real-processes.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { simulate } from "./runner.ts";

const ROOT = join(import.meta.dir, "..", "..");
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
  "decidedUnstorable",
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
        "CANCELLED cancelled_by_customer",
        "COMPLETED",
        "RETURNED",
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

test.each(KEPT_SEEDS)(
  "seed $seed of $workload, which a bug has broken, keeps every promise: $what",
  async ({ seed, workload }) => {
    const report = await simulate({ ...settings, workload, from: seed, seeds: 1, workers: 1 });
    expect(report.failures.map(({ violations }) => violations)).toEqual([]);
    expect(report.seeds).toBe(1);
  },
  LIMIT_MS,
);

const QUICK = [
  "no-inbox-mark",
  "no-gap-check",
  "delete-before-publish",
  "batch-given-up",
  "charge-again",
  "timer-fires-early",
  "confirm-failed-send",
  "commit-past-unsettled",
];

/** The named planted bug. */
function planted(name: string) {
  const bug = PLANTED_BUGS.find((candidate) => candidate.name === name);
  if (bug === undefined) throw new Error(`there is no planted bug ${name}`);
  return bug;
}

describe("a planted bug", () => {
  test(
    "is found within 100 seeds",
    async () => {
      const runs = await runMutants({
        bugs: QUICK.map(planted),
        workload: "platform",
        from: 1,
        seeds: 100,
        workers: 2,
        detail: "end",
        onRun: () => undefined,
      });
      const missed = runs.filter(({ caught }) => caught === null);
      expect(missed.map(({ bug, broke }) => [bug.name, broke])).toEqual([]);
      expect(runs.length).toBe(QUICK.length);
    },
    LIMIT_MS,
  );

  test(
    "is told as a story that can be read",
    async () => {
      const bug = planted("no-gap-check");
      const report = await simulate({ ...settings, seeds: 100, mutant: bug, stopAtFirst: true, detail: "story" });
      expectReadable(report.failures[0]?.story ?? []);
    },
    LIMIT_MS,
  );
});

/** Short enough to be read, in order, and it ends with how things stand. */
function expectReadable(story: readonly string[]) {
  const told = story.filter((line) => !line.startsWith(" at the end"));
  const times = told.map((line) => Number(/^ *([\d.]+) s {2}\S/.exec(line)?.[1]));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(told.some((line) => /\bnode\d/.test(line))).toBe(true);
  expect(told.some((line) => line.includes("VIOLATION"))).toBe(true);
  expect(story.length).toBeGreaterThan(told.length);
  expect(story.length).toBeLessThan(400);
}

describe("every planted bug", () => {
  test("has its place in the code, and a name of its own", () => {
    for (const bug of PLANTED_BUGS) expect(mutate(bug).contents).toContain(bug.replace);
    const names = [...PLANTED_BUGS, ...FOR_REAL_PROCESSES].map(({ name }) => name);
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  });

  test("that only real processes can show has a test there", () => {
    for (const { file, shownBy } of FOR_REAL_PROCESSES) {
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(readFileSync(join(ROOT, shownBy.file), "utf8")).toContain(`"${shownBy.test}`);
    }
  });
});
