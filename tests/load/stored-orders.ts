/**
 * Fills migrated databases with finished orders: copies of a template order in every table that keeps rows of it, with
 * ids and times spread evenly over the year before now, by COPY.
 *
 * What other rows a table had stays, the template goes. What is kept for a time only (docs/retention.md) is written for
 * copies that are young enough. Each table is one transaction: emptied first, so that COPY can freeze its rows and VACUUM
 * has nothing left to write; indexes other than constraints are made again when it is full, as they were. Nothing may
 * use the database meanwhile. A failure rolls back the tables that are not full yet: give up the database then.
 */
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { DEFAULT_RETENTION } from "../../runtime/messages/retention.ts";
import { type PostgresTools, provisionPostgres } from "../provision/postgres.ts";
import { namesOrder, type OrderTemplate } from "./order-template.ts";
import { type CopyNames, copiedLine, cutLine, type TemplateLine, templateValues, valuesOf } from "./template-line.ts";

export interface StoredOrders {
  readonly orders: number;
  /** Used in turn. */
  readonly skus: readonly string[];
  readonly customers: number;
  readonly progress: (line: string) => void;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** The youngest order is older, so that nothing of it lies ahead. */
const FINISHED_FOR_MS = 60_000;
const BLOCK = 2_000;
const TELL_EVERY_MS = 10_000;

/** How old a row of such a table can get; of others any. */
const KEPT_FOR_MS: Readonly<Record<string, number>> = {
  idempotency: DEFAULT_RETENTION.idempotencyKeptForMs + HOUR_MS,
  inbox_mark: DEFAULT_RETENTION.marksKeptForMs,
};

interface Server {
  readonly tools: PostgresTools;
  readonly url: string;
  readonly sql: Sql;
}

/** Stores the orders, and gives the number of rows that were written. */
export async function storeOrders(url: string, template: OrderTemplate, options: StoredOrders): Promise<number> {
  const tools = await provisionPostgres();
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    const rows = await copyOrders({ tools, url, sql }, template, options);
    await balanceStock(sql);
    for (const { name } of template.tables) await sql.unsafe(`vacuum (analyze) ${name}`);
    await sql.unsafe("vacuum (analyze) inventory.stock");
    await sql.unsafe("checkpoint");
    return rows;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function copyOrders(server: Server, template: OrderTemplate, options: StoredOrders): Promise<number> {
  using stack = new DisposableStack();
  const { orders, progress } = options;
  const nowMs = Date.now();
  const values = templateValues(template.names);
  const tables = await Promise.all(
    template.tables.map(async ({ name, lines }) => ({
      name,
      lines: lines.map((line) => cutLine(values, line)),
      keptForMs: KEPT_FOR_MS[name.split(".").at(-1) ?? ""] ?? Number.POSITIVE_INFINITY,
      sink: await openSink(stack, server, name, template.orderId),
    })),
  );
  const startedAtMs = performance.now();
  let [rows, toldAtMs] = [0, startedAtMs];
  for (let from = 0; from < orders; from += BLOCK) {
    const copies = Array.from({ length: Math.min(BLOCK, orders - from) }, (_, n) =>
      copyOf(from + n, options, template, nowMs),
    );
    const made = copies.map((copy) => ({
      ageMs: nowMs - template.names.placedAtMs - copy.shiftMs,
      values: valuesOf(values, copy),
    }));
    await Promise.all(
      tables.map(({ lines, keptForMs, sink }) => {
        const young = made.filter(({ ageMs }) => ageMs < keptForMs);
        rows += young.length * lines.length;
        return sink.write(textOf(lines, young));
      }),
    );
    const elapsedMs = performance.now() - toldAtMs;
    if (elapsedMs < TELL_EVERY_MS) continue;
    toldAtMs = performance.now();
    progress(progressLine(from + copies.length, orders, rows, toldAtMs - startedAtMs));
  }
  progress(`${rows} rows of ${orders} orders are written; making indexes again …`);
  await Promise.all(
    tables.map(async ({ name, sink }) => {
      await sink.end();
      progress(`${name} is whole after ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`);
    }),
  );
  return rows;
}

/** The oldest first: ids come in the order of time, as they do when orders are placed. */
function copyOf(
  index: number,
  { orders, skus, customers }: StoredOrders,
  { names }: OrderTemplate,
  nowMs: number,
): CopyNames {
  const placedAtMs = nowMs - FINISHED_FOR_MS - YEAR_MS + Math.floor(((index + 1) * YEAR_MS) / (orders + 1));
  const first = scattered(index) % skus.length;
  const second = (first + 1 + (scattered(~index) % (skus.length - 1))) % skus.length;
  return {
    index,
    customer: `bench-customer-${1 + (scattered(index ^ 0x5bd1e995) % customers)}`,
    skus: [skus[first] ?? "", skus[second] ?? ""],
    shiftMs: placedAtMs - names.placedAtMs,
  };
}

function scattered(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function textOf(lines: readonly TemplateLine[], copies: readonly { readonly values: readonly string[] }[]): string {
  let text = "";
  for (const { values } of copies) for (const line of lines) text += `${copiedLine(line, values)}\n`;
  return text;
}

interface Sink {
  /** Resolves when it is on its way. */
  write(text: string): Promise<void>;
  /** Resolves when the table is whole again and committed. */
  end(): Promise<void>;
}

/** A table's transaction, in psql: what is written is copied into it. It is given up with `stack`. */
async function openSink(
  stack: DisposableStack,
  { sql, tools, url }: Server,
  table: string,
  orderId: string,
): Promise<Sink> {
  const indexes = await sql<{ name: string; definition: string }[]>`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid = ${table}::regclass and not exists (select from pg_constraint where conindid = indexrelid)
    order by name`;
  const commands = [
    "set maintenance_work_mem = '256MB'",
    `create temporary table kept on commit drop as select * from ${table} t where not ${namesOrder(orderId)}`,
    `truncate ${table}`,
    `insert into ${table} select * from kept`,
    ...indexes.map(({ name }) => `drop index ${name}`),
    `copy ${table} from stdin with (freeze)`,
    ...indexes.map(({ definition }) => definition),
  ];
  const flags = ["-X", "-q", "--single-transaction", "-v", "ON_ERROR_STOP=1"];
  const child = Bun.spawn([join(tools.binDir, "psql"), ...flags, ...commands.flatMap((each) => ["-c", each]), url], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: process.env.PATH, PGOPTIONS: "-c client_min_messages=warning" },
  });
  stack.defer(() => child.kill("SIGKILL"));
  const ended = Promise.all([new Response(child.stderr).text(), child.exited]).then(([why, code]) => {
    if (code !== 0) throw new Error(`${table} was not filled: ${why.trim().slice(-2000)}`);
  });
  // It may fail while nobody writes.
  ended.catch(() => undefined);
  return {
    async write(text) {
      try {
        child.stdin.write(text);
        await Promise.race([child.stdin.flush(), ended]);
      } catch (error) {
        // A pipe that nobody reads any more says less than psql does.
        await ended;
        throw error;
      }
    },
    async end() {
      await child.stdin.end();
      await ended;
    },
  };
}

/** Orders share the stock rows: these become what the movements say. */
async function balanceStock(sql: Sql): Promise<void> {
  await sql.unsafe(
    `update inventory.stock s set on_hand = m.on_hand, reserved = m.reserved, revision = s.revision + 1
     from (select sku, warehouse, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved
           from inventory.movement group by sku, warehouse) m
     where s.sku = m.sku and s.warehouse = m.warehouse`,
  );
}

/** How far it is, at which rate, and how long the rest takes at that. */
export function progressLine(done: number, orders: number, rows: number, elapsedMs: number): string {
  const perSecond = (rows * 1000) / elapsedMs;
  const leftMinutes = ((orders - done) * elapsedMs) / done / 60_000;
  return `loaded ${done} of ${orders} orders: ${rows} rows, ${perSecond.toFixed(0)} rows/s, ${leftMinutes.toFixed(1)} min left`;
}
