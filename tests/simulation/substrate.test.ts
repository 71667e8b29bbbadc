/**
 * The simulation itself on trial: right ways of working show no violation, planted mistakes are found, the same seed
 * gives the same digest on another server, and waits for locks and deadlocks are part of the order.
 */
import { describe, expect, test } from "bun:test";
import { runMutants } from "./mutant-run.ts";
import { type Mutant, mutate } from "./mutants.ts";
import { type SimulationReport, simulate } from "./runner.ts";

const LIMIT_MS = 120_000;

interface Settings {
  readonly seeds: number;
  readonly mutant?: Mutant;
  readonly replayEvery?: number;
  readonly stopAtFirst?: boolean;
}

const run = (workload: string, settings: Settings): Promise<SimulationReport> =>
  simulate({
    workload,
    from: 1,
    minutes: 2,
    workers: settings.replayEvery === undefined ? 1 : 2,
    detail: "lines",
    replayEvery: settings.replayEvery ?? 0,
    mutant: settings.mutant ?? null,
    stopAtFirst: settings.stopAtFirst ?? false,
    seeds: settings.seeds,
    onFailure: () => undefined,
  });

const violations = (report: SimulationReport) =>
  report.failures.map(({ seed, violations: found }) => ({ seed, found }));

describe("what is right", () => {
  test(
    "has no violation, and each seed has the same digest on another server",
    async () => {
      const report = await run("toy:none", { seeds: 100, replayEvery: 1 });
      expect(violations(report)).toEqual([]);
      expect(report.replays).toBe(100);
      expect(report.outcomes).toEqual({ done: 1000 });
      for (const kind of ["crash", "crashAroundCommit", "answerLost", "connectionLost", "executedLate"]) {
        expect([kind, (report.faults[kind] ?? 0) > 0]).toEqual([kind, true]);
      }
    },
    LIMIT_MS,
  );

  test(
    "stays right and repeatable when it deadlocks",
    async () => {
      const report = await run("toy:unordered", { seeds: 40, replayEvery: 1 });
      expect(violations(report)).toEqual([]);
      expect(report.locks.deadlocks).toBeGreaterThan(20);
      expect(report.locks.waits).toBeGreaterThan(100);
    },
    LIMIT_MS,
  );
});

describe("what is wrong is found", () => {
  for (const [mistake, within] of [
    ["lostUpdate", 5],
    ["noKey", 60],
    ["watermark", 60],
  ] as const) {
    test(
      `${mistake} within ${within} seeds`,
      async () => {
        const report = await run(`toy:${mistake}`, { seeds: within, stopAtFirst: true });
        expect(report.failures.length).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );
  }

  test(
    "a planted bug",
    async () => {
      const [caught] = await plantIn("toy:none", {
        find: "values ($2) returning key)",
        replace: "values ($2) on conflict do nothing returning key)",
      });
      expect(caught).toMatchObject({ caught: { violation: expect.any(String) }, broke: null });
    },
    LIMIT_MS,
  );

  test(
    "and not by a seed that is broken without the bug as well",
    async () => {
      const harmless = { find: "/** A toy workload with the given mistake. */", replace: "" };
      const [run] = await plantIn("toy:lostUpdate", harmless);
      expect(run).toMatchObject({
        caught: null,
        broke: expect.stringMatching(/^seed \d+ is broken without it as well: /),
      });
    },
    LIMIT_MS,
  );

  const plantIn = (workload: string, { find, replace }: { find: string; replace: string }) =>
    runMutants({
      bugs: [{ name: "toy", breaks: "", against: "once", file: "tests/simulation/toy.ts", find, replace }],
      workload,
      from: 1,
      seeds: 60,
      workers: 1,
      detail: "end",
      onRun: () => undefined,
    });
});

describe("a planted bug that is out of date", () => {
  const mutant = {
    name: "gone",
    file: "tests/simulation/toy.ts",
    find: "text that nobody wrote here".repeat(2),
    replace: "",
  };

  test("is refused by name", () => {
    expect(() => mutate(mutant)).toThrow("mutant gone: its text occurs 0 times");
  });

  test("in a file that is never loaded is refused too", async () => {
    const elsewhere = {
      name: "unused",
      file: "tests/simulation/command.ts",
      find: "const REPLAY_EVERY = 20;",
      replace: "",
    };
    await expect(run("toy:none", { seeds: 1, mutant: elsewhere })).rejects.toThrow("never loads");
  });
});
