/**
 * `bench growth`: completed orders a second with many orders stored against the same with none, in turns within one run.
 * Both are databases of one PostgreSQL server, with a platform each that runs all the time; one of them is full of
 * finished orders (stored-orders.ts), the other has those alone that its own turns have placed.
 *
 * The orders are stored before either platform takes an order. "Completed" is as in `bench orders`. At the end it counts
 * what must not grow with orders (outboxes, marks, timers, call intents, dead letters) and how large the tables are.
 */
import postgres, { type Sql } from "postgres";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { seedCatalogue } from "./catalogue.ts";
import { bytesFor, requireRoom } from "./disk-room.ts";
import { coreRows } from "./drain.ts";
import {
  cpuMsOf,
  type GrowthRound,
  growthFigures,
  type MeasuredGrowth,
  storedOverNone,
  type TableSize,
} from "./growth-figures.ts";
import { loadWindow, type Target, warmUp } from "./load-window.ts";
import { makeOrderTemplate } from "./order-template.ts";
import { migratePlatform, startPlatform } from "./platform.ts";
import { SERVER_SETTINGS, serverSettingsText } from "./server-settings.ts";
import { storeOrders } from "./stored-orders.ts";
import { customerTokens } from "./tokens.ts";

const PRODUCTS = 10_000;
/** Who orders while it is measured; they have stored orders as well. */
const CUSTOMERS = 4_000;
/** Of those who have stored orders: ten in the year. */
const ORDERS_A_CUSTOMER = 10;
/** What is copied into an emptied table is then synced once, and not written to the WAL as well. */
const WAL_SETTINGS = { wal_level: "minimal", max_wal_senders: "0" };
/** Of the two databases. */
const SIDES = ["none", "stored"] as const;

type Side = (typeof SIDES)[number];
type Prepared = Readonly<Record<Side, { readonly url: string; readonly sql: Sql }>>;

interface Bench {
  readonly options: BenchmarkOptions;
  readonly skus: readonly string[];
  readonly targets: Readonly<Record<Side, Target>>;
}

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchGrowth(options: BenchmarkOptions): Promise<Benchmark> {
  return inBenchDirectory(async (directory) => {
    await using stack = new AsyncDisposableStack();
    const server = await startExternalPostgres({ alwaysOwn: true, settings: { ...SERVER_SETTINGS, ...WAL_SETTINGS } });
    stack.defer(server.stop);
    options.progress(`preparing ${PRODUCTS} products in both databases …`);
    const prepared = { none: await prepare(stack, server, "none"), stored: await prepare(stack, server, "stored") };
    const { skus } = prepared.stored;
    const load = await fill(options, server, prepared, directory, skus);
    const targets = await startBoth(stack, server, prepared, directory);
    const rounds = await measure({ options, skus, targets });
    return {
      figures: growthFigures(rounds, { ...load, ...(await grown(prepared.stored.sql)), orders: options.orders }),
      notes: notesOf(options, rounds, await ordersIn(prepared.none.sql)),
    };
  });
}

/** A migrated database of that name with products. */
async function prepare(stack: AsyncDisposableStack, server: ExternalPostgres, name: Side) {
  const root = postgres(server.url, { max: 1, onnotice: () => undefined });
  await root.unsafe(`create database ${name}`).finally(() => root.end());
  const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
  await migratePlatform(url);
  const skus = await seedCatalogue(url, PRODUCTS);
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  stack.defer(() => sql.end({ timeout: 5 }));
  return { url, sql, skus };
}

async function fill(
  { orders, progress }: BenchmarkOptions,
  server: ExternalPostgres,
  { stored }: Prepared,
  directory: string,
  skus: readonly string[],
) {
  const [first = "", second = ""] = skus;
  const template = await makeOrderTemplate({ databaseUrl: stored.url, sql: stored.sql, directory }, [first, second]);
  const rows = template.tables.reduce((sum, { lines }) => sum + lines.length, 0);
  progress(`the template order is finished: ${rows} rows in ${template.tables.length} tables`);
  progress(await requireRoom(server.directory ?? directory, orders, bytesFor(orders, template)));
  const startMs = performance.now();
  const customers = Math.max(CUSTOMERS, Math.ceil(orders / ORDERS_A_CUSTOMER));
  const loadRows = await storeOrders(stored.url, template, { orders, skus, customers, progress });
  const loadSeconds = (performance.now() - startMs) / 1000;
  progress(`stored ${orders} orders in ${loadSeconds.toFixed(0)} s, indexes and VACUUM ANALYZE included`);
  return { loadRows, loadSeconds };
}

async function startBoth(
  stack: AsyncDisposableStack,
  { pid: databasePid }: ExternalPostgres,
  prepared: Prepared,
  directory: string,
): Promise<Bench["targets"]> {
  if (databasePid === undefined) throw new Error("the benchmark needs a server of its own");
  const start = async (name: Side): Promise<Target> => {
    const { url, sql } = prepared[name];
    const platform = await startPlatform({ databaseUrl: url, directory, name });
    stack.defer(async () => void (await platform.stop()));
    const tokens = await customerTokens(platform.dataDir, CUSTOMERS);
    return { port: platform.port, tokens, sql, app: { platform: platform.pid }, databasePid };
  };
  return { none: await start("none"), stored: await start("stored") };
}

async function measure(bench: Bench): Promise<GrowthRound[]> {
  const { options } = bench;
  for (const side of SIDES) {
    const orders = await warmUp(bench.targets[side], { connections: options.connections, skus: bench.skus });
    options.progress(`warmed up ${side} with ${orders} orders`);
  }
  const rounds: GrowthRound[] = [];
  for (let n = 1; n <= options.rounds; n++) {
    const none = await load(bench, "none", options.seconds);
    const stored = await load(bench, "stored", options.seconds);
    rounds.push({ none, stored });
    options.progress(
      `round ${n} of ${options.rounds}: none ${words(none)}; ${options.orders} stored ${words(stored)}; ${storedOverNone({ none, stored }).toFixed(2)} of it`,
    );
  }
  return rounds;
}

const load = ({ options, skus, targets }: Bench, side: Side, seconds: number) =>
  loadWindow(targets[side], { durationMs: seconds * 1000, connections: options.connections, skus });

const words = (measured: MeasuredGrowth) =>
  `${measured.completedPerSecond.toFixed(0)}/s, CPU ${cpuMsOf(measured).toFixed(2)} ms/order (database ${measured.databaseCpuMs.toFixed(2)}), p50 ${measured.load.confirm.p50Ms.toFixed(1)} ms`;

/** What the full database has come to. */
async function grown(sql: Sql) {
  const sizes = await sql<TableSize[]>`
    select schemaname || '.' || relname as name, pg_total_relation_size(relid)::float8 as bytes
    from pg_stat_user_tables order by name`;
  const isLarge = ({ bytes }: TableSize) => bytes >= 1e6;
  return { sizes: sizes.filter(isLarge), rows: await coreRows(sql), allOrders: await ordersIn(sql) };
}

async function ordersIn(sql: Sql): Promise<number> {
  const [row] = await sql<{ orders: number }[]>`select count(*)::float8 as orders from "order".orders`;
  return row?.orders ?? Number.NaN;
}

const notesOf = (options: BenchmarkOptions, rounds: readonly GrowthRound[], placed: number) => [
  `${rounds.length} rounds of ${options.seconds} s each, none and stored in turns; ratios ${rounds.map((round) => storedOverNone(round).toFixed(2)).join(", ")}`,
  `stored: ${options.orders} finished orders of the year before, in all tables that keep rows of an order, idempotency keys as long as they are kept; none: the ${placed} that its own turns have placed`,
  `${options.connections} connections, closed loop; the load generator shares the machine and is in no figure`,
  "after a checkpoint each page that is touched for the first time goes to the WAL whole: large indexes have more of them, and short turns pay more for that",
  "rows of the message core are counted when nothing is left to do; growth.bytesPerOrder is over all tables and indexes of a MB and more",
  `${serverSettingsText}, wal_level=minimal; a checkpoint before each turn`,
];
