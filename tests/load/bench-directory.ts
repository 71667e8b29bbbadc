import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuard } from "../provision/guard.ts";

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
