/**
 * `bench idle`: what the freshly built executable uses as six processes over Kafka while nobody asks anything of it. It
 * has orders and has handled them: what is measured begins when nothing is left to do, and a rest after that.
 */
import { join } from "node:path";
import { sourceOf } from "../../runtime/cli/build/source.ts";
import { buildExecutables } from "../../runtime/cli/build.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { cpuIsReadable, treeCpuMs } from "./cpu.ts";
import { type IdleWindow, idleFigures, percentOf } from "./idle-figures.ts";
import { loadWindow, type ProcessIds } from "./load-window.ts";
import { BROKER, MODULES, REDIS, startSplitUnderLoad } from "./split-platform.ts";

const ROOT = join(import.meta.dir, "..", "..");
const WARM_UP = { durationMs: 4_000, connections: 16 };
/** Connections that were busy are given up by then, and code that was hot is compiled. */
const REST_MS = 5_000;
const PRODUCTS = 1_000;
const CUSTOMERS = 100;
const DATABASE = "database";

/** Runs the benchmark; everything it started has ended when it resolves or rejects. */
export async function benchIdle({ seconds, rounds, progress }: BenchmarkOptions): Promise<Benchmark> {
  if (!cpuIsReadable) throw new Error("bench idle reads the CPU of processes from /proc, so it runs on Linux alone");
  return inBenchDirectory(async (directory) => {
    const { server } = await buildExecutables({ root: ROOT, out: directory, source: sourceOf(ROOT) });
    progress("starting six processes on PostgreSQL, Kafka and Redis …");
    await using split = await startSplitUnderLoad({
      directory,
      products: PRODUCTS,
      customers: CUSTOMERS,
      profile: false,
      executable: server,
    });
    const { target, skus } = split;
    const { completed } = await loadWindow(target, { ...WARM_UP, skus });
    progress(`warmed up with ${completed} orders; resting ${REST_MS / 1000} s …`);
    await Bun.sleep(REST_MS);
    const processes = { ...target.app, [DATABASE]: target.databasePid, ...target.besides };
    const windows: IdleWindow[] = [];
    for (let n = 1; n <= rounds; n++) {
      const window = await idleFor(seconds * 1000, processes);
      windows.push(window);
      const used = Object.keys(processes).map((name) => `${name} ${percentOf([window], name).toFixed(2)}`);
      progress(`window ${n} of ${rounds}, % of a core: ${used.join(", ")}`);
    }
    return {
      figures: idleFigures(windows, MODULES, [DATABASE, BROKER, REDIS]),
      notes: [
        `${rounds} windows of ${seconds} s, the median of each process; idle.splitCpuPercent is the busiest of the six`,
        `genai-demo-server, after ${completed} orders, all of them handled; Kafka with one broker; the kernel counts CPU in steps of 10 ms`,
      ],
    };
  });
}

async function idleFor(durationMs: number, processes: ProcessIds): Promise<IdleWindow> {
  const names = Object.entries(processes);
  const read = () => new Map(names.map(([name, pid]) => [name, treeCpuMs(pid)]));
  const [before, startMs] = [read(), performance.now()];
  await Bun.sleep(durationMs);
  const [after, endMs] = [read(), performance.now()];
  const cpuMs = Object.fromEntries([...after].map(([name, ms]) => [name, ms - (before.get(name) ?? Number.NaN)]));
  return { elapsedMs: endMs - startMs, cpuMs };
}
