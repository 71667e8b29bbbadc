/**
 * `bench split`: the platform as six processes over Kafka against the same platform in one process, in turns within one
 * run. Each has a PostgreSQL server and a Redis of its own with the same settings, so that the database's CPU is told
 * apart; both run all the time, and only one has orders to place.
 *
 * Each round loads the one, then the other, and measures what an order takes with one client alone beside what its
 * commits and messages take by themselves, on the same servers and in the same round. "Completed" is as in `bench
 * orders`; for the split one nothing may be on its way over the brokers either.
 */
import { type PostgresTools, provisionPostgres } from "../provision/postgres.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { measureHandle } from "./broker-latency.ts";
import { type LoadWindow, loadWindow, warmUp } from "./load-window.ts";
import { measureCommitMs } from "./pgbench.ts";
import { cpuProfileTable } from "./profile.ts";
import { serverSettingsText } from "./server-settings.ts";
import { cpuMsOf, cpuOverSingle, floorMsOf, type LowRate, type SplitRound, splitFigures } from "./split-figures.ts";
import {
  BROKER,
  type LoadOptions,
  MODULES,
  profileDirOf,
  REDIS,
  type SplitUnderLoad,
  startSingleUnderLoad,
  startSplitUnderLoad,
  type UnderLoad,
} from "./split-platform.ts";

const PRODUCTS = 10_000;
const CUSTOMERS = 4_000;
const QUIET_SECONDS = 10;
const FLOOR_SECONDS = 3;
const LOW_RATE_PER_SECOND = 300;
/** An open loop has as many orders under way as it must; this only bounds it. */
const OPEN_LOOP_CONNECTIONS = 512;

interface Both {
  readonly single: UnderLoad;
  readonly split: SplitUnderLoad;
}

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchSplit(options: BenchmarkOptions): Promise<Benchmark> {
  const tools = await provisionPostgres();
  return inBenchDirectory(async (directory) => {
    const load: LoadOptions = { directory, products: PRODUCTS, customers: CUSTOMERS, profile: options.profile };
    options.progress(`preparing ${PRODUCTS} products for both …`);
    await using single = await startSingleUnderLoad(load);
    await using split = await startSplitUnderLoad(load);
    const result = await measure(options, tools, { single, split });
    if (!options.profile) return { ...result, profile: "" };
    await Promise.all([single.endProcesses(), split.endProcesses()]);
    return { ...result, profile: await profilesOf(directory) };
  });
}

async function measure(options: BenchmarkOptions, tools: PostgresTools, both: Both) {
  for (const [name, { target, skus }] of Object.entries(both)) {
    const orders = await warmUp(target, { connections: options.connections, skus });
    options.progress(`warmed up ${name} with ${orders} orders`);
  }
  const rounds: SplitRound[] = [];
  for (let n = 1; n <= options.rounds; n++)
    rounds.push(await oneRound(options, tools, both, `round ${n} of ${options.rounds}`));
  const low = await atLowRate(options, both);
  return {
    figures: splitFigures(rounds, low, [BROKER, REDIS]),
    notes: [
      `${rounds.length} rounds of ${options.seconds} s each, single and split in turns; CPU over single ${ratios(rounds, cpuOverSingle)}; confirmed over the floor ${ratios(rounds, (round) => round.splitConfirmMs / floorMsOf(round))}`,
      "CPU is the application's and the database's; the broker's and Redis's are stated apart, and count in no ratio",
      `${options.connections} connections, closed loop, at saturation; the load generator shares the machine and is in no figure but its own`,
      "the floor is 4 messages and 7 commits, each measured alone in the same round: p50 from publishing until the handler is called, on a topic of one partition, and of one commit",
      `single: all modules in one process, messages in process; both on a PostgreSQL and a Redis of their own, Kafka with one broker; ${serverSettingsText}`,
    ],
  };
}

const ratios = (rounds: readonly SplitRound[], read: (round: SplitRound) => number) =>
  rounds.map((round) => read(round).toFixed(2)).join(", ");

const load = ({ target, skus }: UnderLoad, { connections }: Pick<BenchmarkOptions, "connections">, seconds: number) =>
  loadWindow(target, { durationMs: seconds * 1000, connections, skus });

async function oneRound(
  options: BenchmarkOptions,
  tools: PostgresTools,
  { single, split }: Both,
  name: string,
): Promise<SplitRound> {
  const inOne = await load(single, options, options.seconds);
  const apart = await load(split, options, options.seconds);
  options.progress(
    `${name}: single ${saturated(inOne)}; split ${saturated(apart)}; CPU over single ${cpuOverSingle({ single: inOne, split: apart }).toFixed(2)}`,
  );
  options.progress(`  split, CPU ms/order by process: ${shares(apart)}`);
  const floorSeconds = Math.min(options.seconds, FLOOR_SECONDS);
  const quietSeconds = Math.min(options.seconds, QUIET_SECONDS);
  const commitMs = await measureCommitMs(tools, split.databaseUrl, floorSeconds);
  const handleMs = (await measureHandle(split.brokers, floorSeconds * 1000)).p50Ms;
  const alone = { connections: 1 };
  const splitConfirmMs = (await load(split, alone, quietSeconds)).load.confirm.p50Ms;
  const singleConfirmMs = (await load(single, alone, quietSeconds)).load.confirm.p50Ms;
  const floorMs = floorMsOf({ commitMs, handleMs });
  options.progress(
    `  one client alone: p50 split ${splitConfirmMs.toFixed(2)} ms, single ${singleConfirmMs.toFixed(2)} ms; one message ${handleMs.toFixed(2)} ms, one commit ${commitMs.toFixed(3)} ms: floor ${floorMs.toFixed(2)} ms, split ${(splitConfirmMs / floorMs).toFixed(2)} of it`,
  );
  return { single: inOne, split: apart, singleConfirmMs, splitConfirmMs, commitMs, handleMs };
}

async function atLowRate(options: BenchmarkOptions, { single, split }: Both): Promise<LowRate> {
  const ratePerSecond = LOW_RATE_PER_SECOND;
  const durationMs = Math.min(options.seconds, QUIET_SECONDS) * 1000;
  const atRate = ({ target, skus }: UnderLoad) =>
    loadWindow(target, { durationMs, connections: OPEN_LOOP_CONNECTIONS, ratePerSecond, skus });
  const low = { ratePerSecond, single: await atRate(single), split: await atRate(split) };
  options.progress(
    `${ratePerSecond}/s: single ${saturated(low.single)}; split ${saturated(low.split)}; CPU over single ${cpuOverSingle(low).toFixed(2)}`,
  );
  return low;
}

function saturated(window: LoadWindow): string {
  const { load: answered, appCpuMs, databaseCpuMs } = window;
  const missed = answered.sent - answered.confirmed;
  return (
    `${window.completedPerSecond.toFixed(0)}/s, CPU ${cpuMsOf(window).toFixed(2)} ms/order (app ${appCpuMs.toFixed(2)} + database ${databaseCpuMs.toFixed(2)}), p50 ${answered.confirm.p50Ms.toFixed(1)} ms` +
    (missed === 0 ? "" : `, ${missed} of ${answered.sent} not confirmed: ${JSON.stringify(answered.answers)}`)
  );
}

const shares = ({ cpuMsByProcess }: LoadWindow) =>
  Object.entries(cpuMsByProcess)
    .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
    .join(", ");

async function profilesOf(directory: string): Promise<string> {
  const tables = ["single", ...MODULES].map(
    async (name) => `functions of ${name}, whole run\n${await cpuProfileTable(profileDirOf(directory, name))}`,
  );
  return (await Promise.all(tables)).join("\n\n");
}
