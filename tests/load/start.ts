/**
 * `bench start`: from exec to the first 200 of /health/ready, on data that is there already.
 *
 * Both executables, freshly built: the one with PostgreSQL inside as it is started without a command, the other one as
 * `serve` on an external PostgreSQL over TCP. Each is started several times in a folder of its own; the figure is the
 * median.
 */
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sourceOf } from "../../runtime/cli/build/source.ts";
import { buildExecutables, sizeFigures } from "../../runtime/cli/build.ts";
import { atMost, stated } from "../../runtime/cli/figures.ts";
import { removeEmbedded } from "../../runtime/database/embedded.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { freePort, startExternalPostgres } from "../provision/external-postgres.ts";
import { startGuard } from "../provision/guard.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { median } from "./latency.ts";
import { migratePlatform } from "./platform.ts";

const ROOT = join(import.meta.dir, "..", "..");
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 2;

interface Started {
  readonly readyMs: number;
  /** Resident memory of the process itself a second after it was ready. */
  readonly residentMb: number;
}

/** Runs the benchmark; everything it started has ended when it resolves or rejects. */
export async function benchStart({ rounds, progress }: BenchmarkOptions): Promise<Benchmark> {
  return inBenchDirectory(async (directory) => {
    const built = await buildExecutables({ root: ROOT, out: directory, source: sourceOf(ROOT) });
    const embedded = await embeddedStarts(join(directory, "embedded"), built.full, rounds, progress);
    const external = await externalStarts(join(directory, "external"), built.server, rounds, progress);
    const middle = (starts: readonly Started[], read: (start: Started) => number) => median(starts.map(read));
    return {
      figures: [
        atMost(
          "start.embeddedMs",
          middle(embedded, ({ readyMs }) => readyMs),
          "ms",
          400,
        ),
        atMost(
          "start.externalMs",
          middle(external, ({ readyMs }) => readyMs),
          "ms",
          150,
        ),
        atMost(
          "start.residentMb",
          middle(external, ({ residentMb }) => residentMb),
          "MB",
          150,
        ),
        stated(
          "start.embeddedResidentMb",
          middle(embedded, ({ residentMb }) => residentMb),
          "MB",
        ),
        ...sizeFigures(built),
      ],
      notes: [
        "start.embeddedMs: genai-demo without a command, its PostgreSQL unpacked before; start.embeddedResidentMb is without it",
        "start.externalMs and start.residentMb: genai-demo-server serve, all six modules, on a PostgreSQL over TCP",
      ],
    };
  });
}

async function embeddedStarts(
  dataDir: string,
  program: string,
  rounds: number,
  progress: (line: string) => void,
): Promise<Started[]> {
  const argv = [program, "--data", dataDir];
  try {
    return await startsOf("embedded", argv, {}, rounds, progress);
  } finally {
    await removeEmbedded({ dataDir, scheduler, log: () => undefined });
  }
}

async function externalStarts(
  dataDir: string,
  program: string,
  rounds: number,
  progress: (line: string) => void,
): Promise<Started[]> {
  await mkdir(dataDir);
  const server = await startExternalPostgres({ alwaysOwn: true });
  try {
    await migratePlatform(server.url);
    const settings = {
      DATABASE_URL: server.url,
      DATA_DIR: dataDir,
      DEVELOPMENT_ISSUER: "true",
      READINESS_DRAIN_MS: "0",
    };
    return await startsOf("external", [program, "serve"], settings, rounds, progress);
  } finally {
    await server.stop();
  }
}

/** The first start makes what is missing and does not count. */
async function startsOf(
  name: string,
  argv: readonly string[],
  settings: Readonly<Record<string, string>>,
  rounds: number,
  progress: (line: string) => void,
): Promise<Started[]> {
  const starts: Started[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = await startOnce(argv, settings);
    if (round > 0) starts.push(start);
    const counted = round === 0 ? " (not counted)" : "";
    progress(`${name}: ready after ${start.readyMs.toFixed(0)} ms, ${start.residentMb.toFixed(0)} MB${counted}`);
  }
  return starts;
}

async function startOnce(argv: readonly string[], settings: Readonly<Record<string, string>>): Promise<Started> {
  const port = await freePort();
  const environment = { HOST: "127.0.0.1", PORT: String(port), INTERNAL_PORT: String(await freePort()) };
  const startedMs = performance.now();
  const child = Bun.spawn([...argv], {
    cwd: dirname(argv[0] ?? ROOT),
    env: { ...process.env, DATABASE_URL: undefined, ...environment, ...settings },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const guard = startGuard('stop "$1" "$2"', String(child.pid), argv[0]?.split("/").at(-1) ?? "");
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - startedMs > READY_TIMEOUT_MS) {
        child.kill("SIGKILL");
        throw new Error(`${argv.join(" ")} did not become ready:\n${await new Response(child.stderr).text()}`);
      }
      await Bun.sleep(POLL_MS);
    }
    const readyMs = performance.now() - startedMs;
    await Bun.sleep(1000);
    return { readyMs, residentMb: residentMb(child.pid) };
  } finally {
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await child.exited;
    clearTimeout(force);
    await guard.release();
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

/** Linux only, as the other figures that read /proc. */
function residentMb(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kilobytes === undefined) throw new Error(`the memory of process ${pid} cannot be read`);
  return Number(kilobytes) / 1024;
}
