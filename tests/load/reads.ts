/**
 * `bench reads`: `GET /api/v1/orders/{id}` by the order's owner against a bare route that answers the row of the same
 * statement (bare-reads.ts), in turns within one run on one PostgreSQL server. The orders were placed through the API
 * before, and are asked for in turn; both are asked by the same generator with the same tokens.
 *
 * The generator has a core of its own where there is one; the platform, the bare route and the server share the others.
 */
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { type ExternalPostgres, freePort, startExternalPostgres } from "../provision/external-postgres.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { seedCatalogue } from "./catalogue.ts";
import { type Cores, divideCores } from "./cores.ts";
import { cpuIsReadable, treeCpuMs } from "./cpu.ts";
import { waitUntilDrained } from "./drain.ts";
import { generateLoadApart } from "./generator-process.ts";
import { migratePlatform, startPlatform } from "./platform.ts";
import { type ServingProcess, startServing } from "./process.ts";
import { generateReadsApart, type ReadObject } from "./read-generator.ts";
import { cpuMsOf, type MeasuredReads, overBare, type ReadsRound, readsFigures } from "./reads-figures.ts";
import { SERVER_SETTINGS, serverSettingsText } from "./server-settings.ts";
import { customerTokens } from "./tokens.ts";

const PRODUCTS = 1_000;
const CUSTOMERS = 1_000;
const PLACING_MS = 5_000;
const MOST_ORDERS = 5_000;
const WARM_UP_MS = 3_000;
const DRAIN_TIMEOUT_MS = 120_000;
const READY_TIMEOUT_MS = 20_000;

/** Who answers. */
interface Reader {
  readonly port: number;
  readonly pid: number;
  readonly objects: readonly ReadObject[];
}

interface Bench {
  readonly options: BenchmarkOptions;
  readonly cores: Cores;
  readonly databasePid: number;
  readonly platform: Reader;
  readonly bare: Reader;
}

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchReads(options: BenchmarkOptions): Promise<Benchmark> {
  return inBenchDirectory(async (directory) => {
    await using stack = new AsyncDisposableStack();
    const server = await startExternalPostgres({ alwaysOwn: true, settings: SERVER_SETTINGS });
    stack.defer(server.stop);
    return await benchOn(stack, server, directory, options);
  });
}

async function benchOn(
  stack: AsyncDisposableStack,
  { url, pid: databasePid }: ExternalPostgres,
  directory: string,
  options: BenchmarkOptions,
): Promise<Benchmark> {
  if (databasePid === undefined) throw new Error("the benchmark needs a server of its own");
  const cores = divideCores();
  options.progress(`placing orders for ${PLACING_MS / 1000} s; ${cores.words} …`);
  await migratePlatform(url);
  const skus = await seedCatalogue(url, PRODUCTS);
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  stack.defer(() => sql.end({ timeout: 5 }));
  const platform = await startPlatform({ databaseUrl: url, directory });
  stack.defer(async () => void (await platform.stop()));
  const tokens = await customerTokens(platform.dataDir, CUSTOMERS);
  const placing = { port: platform.port, tokens, skus, durationMs: PLACING_MS, keyPrefix: "reads" };
  await generateLoadApart({ ...placing, connections: options.connections });
  await waitUntilDrained(sql, DRAIN_TIMEOUT_MS);
  const { port, running } = await startBare(url, directory);
  stack.defer(async () => void (await running.stop()));
  for (const pid of [databasePid, platform.pid, running.pid]) cores.confine(pid);
  const placed = await placedOrders(sql, new Map(tokens.map((token, index) => [`bench-customer-${index + 1}`, token])));
  const objectsUnder = (path: string) => placed.map(({ id, token }) => ({ id, token, path: `${path}/${id}` }));
  return measure(
    {
      options,
      cores,
      databasePid,
      platform: { port: platform.port, pid: platform.pid, objects: objectsUnder("/api/v1/orders") },
      bare: { port, pid: running.pid, objects: objectsUnder("/orders") },
    },
    placed.length,
  );
}

async function startBare(url: string, directory: string): Promise<{ port: number; running: ServingProcess }> {
  const port = await freePort();
  const running = await startServing({
    argv: [process.execPath, join(import.meta.dir, "bare-reads.ts")],
    cwd: directory,
    env: { ...process.env, DATABASE_URL: url, PORT: String(port) },
    logFile: join(directory, "bare.log"),
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  return { port, running };
}

async function placedOrders(sql: Sql, tokens: ReadonlyMap<string, string>) {
  const rows = await sql<{ id: string; customer_id: string }[]>`
    select id, customer_id from "order".orders order by id limit ${MOST_ORDERS}`;
  if (rows.length === 0) throw new Error("no order was placed; see the platform's log");
  return rows.map((row) => ({ id: row.id, token: tokens.get(row.customer_id) ?? "" }));
}

async function measure(bench: Bench, orders: number): Promise<Benchmark> {
  const { options, cores } = bench;
  options.progress(`warming up both for ${WARM_UP_MS / 1000} s …`);
  for (const reader of [bench.bare, bench.platform]) await readFor(bench, reader, WARM_UP_MS);
  const rounds: ReadsRound[] = [];
  for (let n = 1; n <= options.rounds; n++) {
    const durationMs = options.seconds * 1000;
    const bare = await readFor(bench, bench.bare, durationMs);
    const platform = await readFor(bench, bench.platform, durationMs);
    const round = { bare, platform };
    rounds.push(round);
    options.progress(
      `round ${n} of ${options.rounds}: bare ${words(bare)}; platform ${words(platform)}; ${overBare(round).toFixed(2)} of it`,
    );
  }
  return {
    figures: readsFigures(rounds),
    notes: [
      `${rounds.length} rounds of ${options.seconds} s each, bare route and platform in turns; ratios ${rounds.map((round) => overBare(round).toFixed(2)).join(", ")}`,
      `${orders} orders of ${CUSTOMERS} customers, asked for in turn by their owners; ${options.connections} connections, closed loop, kept alive`,
      "the bare route runs the platform's statement for one order, checks no token and shapes nothing; the platform asks for orders of requests that come together at once",
      `${cores.words}; the generator is in no figure but its own`,
      serverSettingsText,
    ],
  };
}

async function readFor(bench: Bench, { port, pid, objects }: Reader, durationMs: number): Promise<MeasuredReads> {
  const { options, cores, databasePid } = bench;
  const cpuMs = () => [pid, databasePid].map((each) => (cpuIsReadable ? treeCpuMs(each) : Number.NaN));
  const before = cpuMs();
  const plan = { port, durationMs, connections: options.connections, objects };
  const {
    latency,
    seconds,
    wrong,
    sampleWrong,
    cpuMs: generatorCpuMs,
  } = await generateReadsApart(plan, cores.generator);
  if (wrong > 0) throw new Error(`${wrong} answers were not the order that was asked for, such as ${sampleWrong}`);
  const [appCpuMs = Number.NaN, databaseCpuMs = Number.NaN] = cpuMs().map(
    (after, index) => (after - (before[index] ?? Number.NaN)) / latency.count,
  );
  return {
    perSecond: latency.count / seconds,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    appCpuMs,
    databaseCpuMs,
    generatorCpuMs: generatorCpuMs / latency.count,
  };
}

const words = (measured: MeasuredReads) =>
  `${measured.perSecond.toFixed(0)}/s, CPU ${cpuMsOf(measured).toFixed(4)} ms (app ${measured.appCpuMs.toFixed(4)} + database ` +
  `${measured.databaseCpuMs.toFixed(4)}, generator ${measured.generatorCpuMs.toFixed(4)}), p50 ${measured.p50Ms.toFixed(2)} ms, p99 ${measured.p99Ms.toFixed(2)} ms`;
