/** What all benchmarks under load are given, what they give, and where they work. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../../runtime/cli/figures.ts";
import { startGuard } from "../provision/guard.ts";

export interface BenchmarkOptions {
  /** Of a turn. */
  readonly seconds: number;
  readonly rounds: number;
  /** Orders under way at a time. */
  readonly connections: number;
  /** How many are stored, where that is what is measured. */
  readonly orders: number;
  readonly profile: boolean;
  readonly progress: (line: string) => void;
}

export interface Benchmark {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  /** Tables for people; empty or absent without `profile`. */
  readonly profile?: string;
}

/** Gives a benchmark a directory that goes with it, also when this process is killed. */
export async function inBenchDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-bench-"));
  const guard = startGuard('rm -rf "$1"', directory);
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
    await guard.release();
  }
}
