/**
 * The real platform on the simulation: some seeds without a violation, each the same on another server, and the planted
 * bugs that matter most found. `simulate` looks at many more seeds and at every planted bug.
 */
import { describe, expect, test } from "bun:test";
import { mutate } from "./mutants.ts";
import { MUTANTS } from "./planted-bugs.ts";
import { simulate } from "./runner.ts";

const SEEDS = 20;
const LIMIT_MS = 180_000;

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
      for (const kind of [
        "crashAroundCommit",
        "answerLost",
        "executedLate",
        "duplicate",
        "redelivery",
        "delay",
        "externalSlow",
      ])
        expect([kind, (report.faults[kind] ?? 0) > 0]).toEqual([kind, true]);
    },
    LIMIT_MS,
  );
});

describe("a planted bug is found within 100 seeds", () => {
  for (const name of ["no-inbox-mark", "delete-before-publish", "lost-update", "charge-again", "no-gap-check"]) {
    test(
      name,
      async () => {
        const mutant = MUTANTS.find((candidate) => candidate.name === name);
        if (mutant === undefined) throw new Error(`there is no planted bug ${name}`);
        const report = await simulate({ ...settings, seeds: 100, mutant, stopAtFirst: true });
        expect(report.failures.length).toBeGreaterThan(0);
        expect(report.failures[0]?.violations[0]).not.toContain("the simulation broke");
      },
      LIMIT_MS,
    );
  }
});

test("every planted bug still has its place in the code, under a name of its own", () => {
  for (const mutant of MUTANTS) expect(mutate(mutant).contents).toContain(mutant.replace);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});
