/**
 * `bench overload`: what the platform completes when five and ten times as many orders come as it can do, beside what it
 * completes at its peak. Each round: the peak (closed loop), five times that (open loop), the peak again, ten times that;
 * then once more a short burst of ten times the peak, and at its end the closed loop: what it completes from the fifth
 * second on shows whether the peak is back within ten. "Completed" as in `bench orders`, so what piled up inside counts against it.
 *
 * The generator must offer ten times the peak and not be what holds it up: it has a core of its own and several
 * processes there, keeps its connections, and does next to nothing for an answer that turns it away.
 */
import postgres from "postgres";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { seedCatalogue } from "./catalogue.ts";
import { type Cores, divideCores } from "./cores.ts";
import { cpuIsReadable } from "./cpu.ts";
import type { LoadPlan, LoadResult } from "./generator.ts";
import { generateLoadApart } from "./generator-process.ts";
import { type Latency, summarise } from "./latency.ts";
import { type LoadWindow, loadWindow, type Target } from "./load-window.ts";
import { type OverloadRound, overloadFigures } from "./overload-figures.ts";
import { migratePlatform, startPlatform } from "./platform.ts";
import { residentMb } from "./resident.ts";
import { SERVER_SETTINGS, serverSettingsText } from "./server-settings.ts";
import { customerTokens } from "./tokens.ts";

const PRODUCTS = 10_000;
const CUSTOMERS = 4_000;
const WARM_UP_MS = 4_000;
const PROCESSES = 2;
/** Of each process: more than there are orders under way, so that what is due need not wait for a connection. */
const OVERLOAD_CONNECTIONS = 1_500;
/** After an overload: the peak shall be back in ten seconds, so what is measured begins after five of them. */
const RECOVERY_MS = 5_000;
const BURST_MS = 4_000;
const PROBE_EVERY_MS = 100;
const PROBE_TIMEOUT_MS = 5_000;

interface Bench {
  readonly options: BenchmarkOptions;
  readonly target: Target;
  readonly skus: readonly string[];
  readonly cores: Cores;
}

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchOverload(options: BenchmarkOptions): Promise<Benchmark> {
  if (!cpuIsReadable) throw new Error("bench overload reads the memory of processes from /proc, so it runs on Linux");
  return inBenchDirectory(async (directory) => {
    const server = await startExternalPostgres({ alwaysOwn: true, settings: SERVER_SETTINGS });
    try {
      return await benchOn(server, directory, options);
    } finally {
      await server.stop();
    }
  });
}

async function benchOn(server: ExternalPostgres, directory: string, options: BenchmarkOptions): Promise<Benchmark> {
  const { url, pid: databasePid } = server;
  if (databasePid === undefined) throw new Error("the benchmark needs a server of its own");
  const cores = divideCores();
  options.progress(`preparing ${PRODUCTS} products; ${cores.words} …`);
  await migratePlatform(url);
  const skus = await seedCatalogue(url, PRODUCTS);
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const platform = await startPlatform({ databaseUrl: url, directory });
  try {
    const tokens = await customerTokens(platform.dataDir, CUSTOMERS);
    for (const pid of [databasePid, platform.pid]) cores.confine(pid);
    const target: Target = { port: platform.port, tokens, sql, app: { platform: platform.pid }, databasePid };
    return await measure({ options, target, skus, cores }, platform.pid);
  } finally {
    await platform.stop();
    await sql.end({ timeout: 5 });
  }
}

async function measure(bench: Bench, pid: number): Promise<Benchmark> {
  const { options, target, cores } = bench;
  options.progress(`warming up for ${WARM_UP_MS / 1000} s …`);
  await closedLoop(bench, WARM_UP_MS);
  const before = residentMb(pid, "VmRSS");
  const probes = startProbes(target.port);
  const rounds: OverloadRound[] = [];
  for (let n = 1; n <= options.rounds; n++) rounds.push(await oneRound(bench, `round ${n} of ${options.rounds}`));
  const { read, failed } = await probes.stop();
  return {
    figures: overloadFigures(rounds, { readP99Ms: read.p99Ms, failed }, { before, peak: residentMb(pid, "VmHWM") }),
    notes: [
      `${rounds.length} rounds; ${options.seconds} s of each load; ratios are taken within a round`,
      `${cores.words}; ${PROCESSES} generator processes for the overload, latencies are those of the slower one, counted from when a request was due`,
      `overload.recoveredShare: the closed loop's completed orders a second from ${RECOVERY_MS / 1000} s after ten times the peak on, over those before it`,
      `reads (health and a product, one each every ${PROBE_EVERY_MS} ms) were asked all the time, ${read.count} in all`,
      serverSettingsText,
    ],
  };
}

async function oneRound(bench: Bench, name: string): Promise<OverloadRound> {
  const { options } = bench;
  const durationMs = options.seconds * 1000;
  const peakBefore5x = await closedLoop(bench, durationMs);
  options.progress(`${name}: peak ${words(peakBefore5x)}`);
  const offered5x = 5 * peakBefore5x.completedPerSecond;
  const at5x = await openLoop(bench, durationMs, offered5x);
  options.progress(`${name}: 5x ${words(at5x)}`);
  const peakBefore10x = await closedLoop(bench, durationMs);
  options.progress(`${name}: peak ${words(peakBefore10x)}`);
  const offered10x = 10 * peakBefore10x.completedPerSecond;
  const at10x = await openLoop(bench, durationMs, offered10x);
  options.progress(`${name}: 10x ${words(at10x)}`);
  const afterBurst = await peakAfterBurst(bench, offered10x);
  options.progress(`${name}: afterwards ${words(afterBurst)}`);
  return {
    peakBefore5x,
    peakBefore10x,
    at5x,
    at10x,
    afterBurst,
    offered5x: at5x.load.sent / options.seconds,
    offered10x: at10x.load.sent / options.seconds,
  };
}

/** As many orders under way as the options say: finds the peak. */
const closedLoop = ({ options, target, skus, cores }: Bench, durationMs: number): Promise<LoadWindow> =>
  loadWindow(target, { durationMs, connections: options.connections, skus }, (plan) =>
    generateLoadApart(plan, cores.generator),
  );

const openLoop = ({ target, skus, cores }: Bench, durationMs: number, ratePerSecond: number): Promise<LoadWindow> =>
  loadWindow(target, { durationMs, connections: OVERLOAD_CONNECTIONS, skus, ratePerSecond }, (plan) =>
    generateInProcesses(plan, cores),
  );

/** The closed loop begins at the moment at which a burst ends; it is measured when it has had time to recover. */
async function peakAfterBurst(bench: Bench, ratePerSecond: number): Promise<LoadWindow> {
  const { options, target, skus, cores } = bench;
  const { port, tokens } = target;
  const plan = { port, tokens, skus, durationMs: BURST_MS, connections: OVERLOAD_CONNECTIONS };
  const burst = generateInProcesses({ ...plan, ratePerSecond, keyPrefix: `burst-${Date.now()}` }, cores);
  await Bun.sleep(BURST_MS);
  const { connections } = options;
  const recovery = { ...plan, durationMs: RECOVERY_MS, connections, keyPrefix: `after-${Date.now()}` };
  await generateLoadApart(recovery, cores.generator);
  await burst;
  return closedLoop(bench, options.seconds * 1000);
}

/** Each process offers its share of the rate. */
async function generateInProcesses(plan: LoadPlan, cores: Cores): Promise<LoadResult> {
  const share = { ...plan, ...(plan.ratePerSecond ? { ratePerSecond: plan.ratePerSecond / PROCESSES } : {}) };
  const results = await Promise.all(
    Array.from({ length: PROCESSES }, (_, n) =>
      generateLoadApart({ ...share, keyPrefix: `${plan.keyPrefix}-${n}` }, cores.generator),
    ),
  );
  return results.reduce(together);
}

/** Counts of both; of the times those of the slower one. */
function together(one: LoadResult, other: LoadResult): LoadResult {
  const answers: Record<string, number> = { ...one.answers };
  for (const [name, count] of Object.entries(other.answers)) answers[name] = (answers[name] ?? 0) + count;
  return {
    ...other,
    ...one,
    firstRequestAtMs: Math.min(one.firstRequestAtMs, other.firstRequestAtMs),
    lastAnswerAtMs: Math.max(one.lastAnswerAtMs, other.lastAnswerAtMs),
    sent: one.sent + other.sent,
    confirmed: one.confirmed + other.confirmed,
    answers,
    confirm: slower(one.confirm, other.confirm),
    rejected: slower(one.rejected, other.rejected),
    cpuMs: one.cpuMs + other.cpuMs,
  };
}

const slower = (one: Latency, other: Latency): Latency => ({
  ...(one.p99Ms > other.p99Ms ? one : other),
  count: one.count + other.count,
});

/** Asks for what must be answered all the time, from now on until it is told to stop. */
function startProbes(port: number) {
  const timesMs: number[] = [];
  let failed = 0;
  let isOver = false;
  async function probe(path: string) {
    const startMs = performance.now();
    const url = `http://127.0.0.1:${port}${path}`;
    const isAnswered = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isAnswered) timesMs.push(performance.now() - startMs);
    else failed += 1;
  }
  async function loop() {
    while (!isOver) {
      await Promise.all(["/health/ready", "/api/v1/pricing/products/BENCH-00001"].map(probe));
      await Bun.sleep(PROBE_EVERY_MS);
    }
  }
  const ended = loop();
  return {
    async stop() {
      isOver = true;
      await ended;
      return { read: summarise(timesMs), failed };
    },
  };
}

function words({ completedPerSecond, seconds, load, generatorCpuMs }: LoadWindow): string {
  const { sent, confirmed, rejected } = load;
  const left = sent - confirmed - rejected.count;
  const generatorShare = (100 * generatorCpuMs * sent) / (1000 * seconds);
  return (
    `${completedPerSecond.toFixed(0)} completed/s of ${(sent / seconds).toFixed(0)}/s over ${seconds.toFixed(1)} s, ` +
    `p99 ${load.confirm.p99Ms.toFixed(0)} ms; ${rejected.count} turned away, p99 ${rejected.p99Ms.toFixed(1)} ms; ` +
    `generator ${generatorShare.toFixed(0)} % of a core` +
    (left === 0 ? "" : `; ${left} others: ${JSON.stringify(load.answers)}, such as ${load.sampleFailure}`)
  );
}
