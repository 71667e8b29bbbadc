/**
 * `bench orders`: the platform against the yardstick, a plain implementation of the same order in SQL, in turns on one
 * PostgreSQL server with full durability. Figures are ratios inside one run, so a noisy machine changes them little.
 *
 * Each round runs the reference, then the platform; the ratio of a round is the platform's completed orders a second
 * over the reference's; the figure is the median of the rounds. "Completed" is CONFIRMED with everything after it
 * durable, counted in the database; its time runs until outboxes, due timers and call intents are empty.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { atLeast, atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { type PostgresTools, provisionPostgres } from "../provision/postgres.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { seedCatalogue } from "./catalogue.ts";
import { median } from "./latency.ts";
import { type LoadWindow, loadWindow, type Target } from "./load-window.ts";
import { measureCommitMs, prepareReference, runReference } from "./pgbench.ts";
import { migratePlatform, startPlatform } from "./platform.ts";
import { cpuProfileTable, resetStatements, STATEMENT_SETTINGS, statementTable } from "./profile.ts";
import { SERVER_SETTINGS, serverSettingsText } from "./server-settings.ts";
import { customerTokens } from "./tokens.ts";

const PRODUCTS = 10_000;
const HOT_PRODUCTS = 20;
const CUSTOMERS = 4_000;
const COMMITS_TO_CONFIRMED = 7;
const WARM_UP_SECONDS = 4;
const LOW_RATE_PER_SECOND = 300;
/** An open loop has as many orders under way as it must; this only bounds it. */
const OPEN_LOOP_CONNECTIONS = 512;

interface Bench {
  readonly options: BenchmarkOptions;
  readonly tools: PostgresTools;
  readonly url: string;
  readonly target: Target;
}

interface Round {
  readonly reference: number;
  readonly platform: LoadWindow;
  readonly ratio: number;
}

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchOrders(options: BenchmarkOptions): Promise<Benchmark> {
  const tools = await provisionPostgres();
  const settings = { ...SERVER_SETTINGS, ...(options.profile ? STATEMENT_SETTINGS : {}) };
  return inBenchDirectory(async (directory) => {
    const server = await startExternalPostgres({ alwaysOwn: true, settings });
    try {
      return await benchOn(server, tools, directory, options);
    } finally {
      await server.stop();
    }
  });
}

async function benchOn(server: ExternalPostgres, tools: PostgresTools, directory: string, options: BenchmarkOptions) {
  const { url, pid: databasePid } = server;
  if (databasePid === undefined) throw new Error("the benchmark needs a server of its own");
  options.progress(`preparing ${PRODUCTS} products for both …`);
  await prepareReference(tools, url, PRODUCTS);
  await migratePlatform(url);
  const skus = await seedCatalogue(url, PRODUCTS);
  const profileDir = join(directory, "profile");
  await mkdir(profileDir);
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const platform = await startPlatform({ databaseUrl: url, directory, ...(options.profile ? { profileDir } : {}) });
  try {
    const tokens = await customerTokens(platform.dataDir, CUSTOMERS);
    const target: Target = { port: platform.port, tokens, sql, app: { platform: platform.pid }, databasePid };
    const result = await measure({ options, tools, url, target }, skus);
    await platform.stop();
    const functions = options.profile
      ? `\nfunctions of the application, whole run\n${await cpuProfileTable(profileDir)}`
      : "";
    return { ...result, profile: result.profile + functions };
  } finally {
    await platform.stop();
    await sql.end({ timeout: 5 });
  }
}

async function measure(bench: Bench, skus: readonly string[]): Promise<Benchmark> {
  const { options, target } = bench;
  options.progress(`warming up for ${WARM_UP_SECONDS} s …`);
  await runReference(bench.tools, bench.url, PRODUCTS, 1);
  await loadWindow(target, { durationMs: WARM_UP_SECONDS * 1000, connections: options.connections, skus });

  const rounds: Round[] = [];
  let statements = "";
  for (let n = 1; n <= options.rounds; n++) {
    const profiled = options.profile && n === options.rounds;
    rounds.push(await oneRound(bench, `round ${n} of ${options.rounds}`, PRODUCTS, skus, profiled));
    if (profiled) statements = await statementTable(target.sql, rounds.at(-1)?.platform.completed ?? 1);
  }
  const hotRounds: Round[] = [];
  for (let n = 1; n <= Math.ceil(options.rounds / 2); n++) {
    hotRounds.push(await oneRound(bench, `hot round ${n}`, HOT_PRODUCTS, skus.slice(0, HOT_PRODUCTS), false));
  }
  const peak = median(rounds.map((round) => round.platform.completedPerSecond));
  const quiet = await quietFigures(bench, skus, peak);
  const ratios = rounds.map((round) => round.ratio);
  const of = (read: (window: LoadWindow) => number) => median(rounds.map((round) => read(round.platform)));
  return {
    figures: [
      atLeast("orders.overReference", median(ratios), "x", 4),
      stated("orders.overReferenceLowest", Math.min(...ratios), "x"),
      stated("orders.overReferenceHighest", Math.max(...ratios), "x"),
      atLeast("orders.hotOverReference", median(hotRounds.map((round) => round.ratio)), "x", 3),
      atMost(
        "orders.cpuMs",
        of((window) => window.appCpuMs + window.databaseCpuMs),
        "ms/order",
        0.8,
      ),
      stated(
        "orders.cpuMsApp",
        of((window) => window.appCpuMs),
        "ms/order",
      ),
      stated(
        "orders.cpuMsDatabase",
        of((window) => window.databaseCpuMs),
        "ms/order",
      ),
      stated(
        "orders.cpuMsGenerator",
        of((window) => window.generatorCpuMs),
        "ms/order",
      ),
      ...quiet,
      stated("orders.completedPerSecond", peak, "orders/s"),
      stated("orders.referencePerSecond", median(rounds.map((round) => round.reference)), "orders/s"),
    ],
    notes: [
      `${rounds.length} rounds of ${options.seconds} s each, reference and platform in turns; ratios ${ratios.map((ratio) => ratio.toFixed(2)).join(", ")}`,
      `${CUSTOMERS} customers with a token each, issued before and used in turn (signing one an order would cost more than the order)`,
      "orders carry no e-mail: the notice of a confirmed order is in-app, which needs no call",
      `${options.connections} connections, closed loop; the load generator shares the machine and is not in cpuMs`,
      `${serverSettingsText}; a checkpoint before each turn`,
    ],
    profile: statements === "" ? "" : `statements of the last round\n${statements}\n`,
  };
}

async function oneRound(
  bench: Bench,
  name: string,
  products: number,
  skus: readonly string[],
  profiled: boolean,
): Promise<Round> {
  const { options, target } = bench;
  await target.sql.unsafe("checkpoint");
  const reference = (await runReference(bench.tools, bench.url, products, options.seconds)).ordersPerSecond;
  if (profiled) await resetStatements(target.sql);
  const platform = await loadWindow(target, {
    durationMs: options.seconds * 1000,
    connections: options.connections,
    skus,
  });
  const ratio = platform.completedPerSecond / reference;
  options.progress(
    `${name}: reference ${reference.toFixed(0)}/s, platform ${platform.completedPerSecond.toFixed(0)}/s = ${ratio.toFixed(2)}x; ` +
      `CPU ms/order app ${platform.appCpuMs.toFixed(3)} + database ${platform.databaseCpuMs.toFixed(3)}, generator ` +
      `${platform.generatorCpuMs.toFixed(3)}; p50 ${platform.load.confirm.p50Ms.toFixed(1)} ms, p99 ` +
      `${platform.load.confirm.p99Ms.toFixed(1)} ms${unconfirmed(platform)}`,
  );
  return { reference, platform, ratio };
}

/** Latency with one client and at half load, over the floor that seven commits set; CPU at a low steady rate. */
async function quietFigures(bench: Bench, skus: readonly string[], peakPerSecond: number): Promise<Figure[]> {
  const { options, target } = bench;
  const durationMs = Math.min(options.seconds, 10) * 1000;
  const commitMs = await measureCommitMs(bench.tools, bench.url, Math.min(options.seconds, 3));
  const floorMs = COMMITS_TO_CONFIRMED * commitMs;
  const alone = await loadWindow(target, { durationMs, connections: 1, skus });
  options.progress(
    `one client alone: p50 ${alone.load.confirm.p50Ms.toFixed(2)} ms; one commit ${commitMs.toFixed(3)} ms`,
  );
  const openLoop = { durationMs, connections: OPEN_LOOP_CONNECTIONS, skus };
  const half = await loadWindow(target, { ...openLoop, ratePerSecond: peakPerSecond / 2 });
  options.progress(
    `half load, ${(peakPerSecond / 2).toFixed(0)}/s: p50 ${half.load.confirm.p50Ms.toFixed(2)} ms${unconfirmed(half)}`,
  );
  const low = await loadWindow(target, { ...openLoop, ratePerSecond: LOW_RATE_PER_SECOND });
  const lowCpuMs = low.appCpuMs + low.databaseCpuMs;
  options.progress(
    `${LOW_RATE_PER_SECOND}/s: CPU ${lowCpuMs.toFixed(3)} ms/order, p50 ${low.load.confirm.p50Ms.toFixed(2)} ms${unconfirmed(low)}`,
  );
  return [
    atMost("orders.cpuMsAt300", lowCpuMs, "ms/order", 3),
    atMost("orders.confirmOverFloor", alone.load.confirm.p50Ms / floorMs, "x", 3),
    atMost("orders.confirmHalfLoadOverFloor", half.load.confirm.p50Ms / floorMs, "x", 10),
    stated("orders.confirmMs", alone.load.confirm.p50Ms, "ms"),
    stated("orders.confirmHalfLoadMs", half.load.confirm.p50Ms, "ms"),
    stated("orders.commitMs", commitMs, "ms"),
  ];
}

function unconfirmed({ load }: LoadWindow): string {
  if (load.confirmed === load.sent) return "";
  return `; ${load.sent - load.confirmed} of ${load.sent} not confirmed: ${JSON.stringify(load.answers)}, such as ${load.sampleFailure}`;
}
