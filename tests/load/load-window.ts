/** One measured stretch of load on the platform: from the first request until nothing is left to do. */
import type { Sql } from "postgres";
import { cpuIsReadable, treeCpuMs } from "./cpu.ts";
import { openWork, ordersByStatus, waitUntilDrained } from "./drain.ts";
import { isCompleted, type LoadPlan, type LoadResult } from "./generator.ts";
import { generateLoadApart } from "./generator-process.ts";

/** What is under load. */
export interface Target {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly sql: Sql;
  /** The platform's processes, by name. */
  readonly app: ProcessIds;
  readonly databasePid: number;
  /** What works for the platform besides, such as a broker, by name. */
  readonly besides?: ProcessIds;
  /** Whether no message is on its way outside of the databases. */
  readonly isSettled?: () => Promise<boolean>;
}

export type ProcessIds = Readonly<Record<string, number>>;

export interface LoadWindow {
  /** Orders placed in it that became CONFIRMED or went further, counted in the order module's database. */
  readonly completed: number;
  readonly completedPerSecond: number;
  readonly seconds: number;
  readonly load: LoadResult;
  /** CPU ms a completed order; NaN where it cannot be read. */
  readonly appCpuMs: number;
  readonly databaseCpuMs: number;
  readonly generatorCpuMs: number;
  /** Of each of the platform's processes, and of what works for it besides. */
  readonly cpuMsByProcess: Readonly<Record<string, number>>;
}

const DRAIN_TIMEOUT_MS = 120_000;
/** Code is compiled by the number of orders, not by time: on a slow machine it takes several turns. */
const WARM_UP = { orders: 3_000, turns: 5, durationMs: 4_000 };
let runs = 0;

/**
 * Loads the target and waits until outboxes, due timers and call intents are empty. Throws when an order whose
 * confirmation was answered is not in the database, or when a message was parked: such a figure is worth nothing.
 */
export async function loadWindow(
  target: Target,
  plan: Pick<LoadPlan, "durationMs" | "connections" | "skus"> & { readonly ratePerSecond?: number },
  generate: (plan: LoadPlan) => Promise<LoadResult> = generateLoadApart,
): Promise<LoadWindow> {
  runs += 1;
  await target.sql.unsafe("checkpoint");
  // Counting all orders would take minutes, and all of the cache, where many are stored.
  const sinceMs = Date.now();
  const cpuBefore = cpuOf(target);
  const keyPrefix = `bench-${process.pid}-${Date.now()}-${runs}`;
  const load = await generate({ ...plan, port: target.port, tokens: target.tokens, keyPrefix });
  if (load.confirmed === 0) {
    throw new Error(
      `no order was confirmed; answers: ${JSON.stringify(load.answers)}; one of them: ${load.sampleFailure}`,
    );
  }
  const drainedAtMs = await waitUntilDrained(target.sql, DRAIN_TIMEOUT_MS, target.isSettled);
  const cpuAfter = cpuOf(target);
  const completed = completedOf(await ordersByStatus(target.sql, sinceMs));
  if (completed < load.confirmed) {
    throw new Error(
      `${load.confirmed} orders were answered as confirmed, the database has ${completed}: orders were lost`,
    );
  }
  const { deadLetters } = await openWork(target.sql);
  if (deadLetters > 0) throw new Error(`${deadLetters} messages were parked under load; see the dead letters`);
  const cpuMs = ({ name, ms }: NamedCpu, index: number) =>
    [name, (ms - (cpuBefore[index]?.ms ?? 0)) / completed] as const;
  const cpuMsByProcess = Object.fromEntries(cpuAfter.map(cpuMs));
  const seconds = (drainedAtMs - load.firstRequestAtMs) / 1000;
  return {
    completed,
    completedPerSecond: completed / seconds,
    seconds,
    load,
    appCpuMs: sumOf(Object.keys(target.app), cpuMsByProcess),
    databaseCpuMs: cpuMsByProcess[DATABASE] ?? Number.NaN,
    generatorCpuMs: load.cpuMs / load.sent,
    cpuMsByProcess,
  };
}

/** Loads the target until its code is compiled; gives the number of orders that it took. */
export async function warmUp(target: Target, plan: Pick<LoadPlan, "connections" | "skus">): Promise<number> {
  let orders = 0;
  for (let turn = 0; turn < WARM_UP.turns && orders < WARM_UP.orders; turn++)
    orders += (await loadWindow(target, { ...plan, durationMs: WARM_UP.durationMs })).completed;
  return orders;
}

function completedOf(orders: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [status, count] of orders) if (isCompleted(status)) sum += count;
  return sum;
}

/** The database's own name among the processes. */
const DATABASE = "database";

interface NamedCpu {
  readonly name: string;
  /** So far. */
  readonly ms: number;
}

/** Always in the same order. */
function cpuOf({ app, databasePid, besides }: Target): readonly NamedCpu[] {
  const all = Object.entries({ ...app, [DATABASE]: databasePid, ...besides });
  return all.map(([name, pid]) => ({ name, ms: cpuIsReadable ? treeCpuMs(pid) : Number.NaN }));
}

const sumOf = (names: readonly string[], values: Readonly<Record<string, number>>) =>
  names.reduce((sum, name) => sum + (values[name] ?? Number.NaN), 0);
