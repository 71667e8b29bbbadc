/** Looks into the modules' databases from outside: what work is still open, and how the orders stand. */
import type { Sql } from "postgres";

const MODULES = ["order", "payment", "inventory", "pricing", "delivery", "notification"];

/** What a timer may be ahead of the clock and still count as work at hand: work is delayed a little to fill batches. */
const DUE_WITHIN = "1 second";
const POLL_MS = 50;

export interface OpenWork {
  readonly outbox: number;
  readonly timersDue: number;
  readonly callIntents: number;
  readonly deadLetters: number;
}

/** Counts open work over the modules' schemas of one server. Throws when it finds no module there. */
export async function openWork(sql: Sql): Promise<OpenWork> {
  const due = `due_at <= now() + interval '${DUE_WITHIN}'`;
  return countRows(sql, {
    outbox: { table: "outbox" },
    timersDue: { table: "timer", where: due },
    callIntents: { table: "call_intent" },
    deadLetters: { table: "dead_letter" },
  });
}

/** Counts all rows of what the message core keeps beside the modules' own tables. */
export const coreRows = (sql: Sql) =>
  countRows(sql, {
    outbox: { table: "outbox" },
    inbox: { table: "inbox_mark" },
    timer: { table: "timer" },
    callIntent: { table: "call_intent" },
    deadLetter: { table: "dead_letter" },
    idempotency: { table: "idempotency" },
  });

async function countRows<Name extends string>(
  sql: Sql,
  counted: Readonly<Record<Name, { readonly table: string; readonly where?: string }>>,
): Promise<Record<Name, number>> {
  const found = await sql<{ table_schema: string }[]>`
    select table_schema from information_schema.tables
    where table_name = 'outbox' and table_schema = any(${MODULES}) order by table_schema`;
  if (found.length === 0) throw new Error("none of the modules has an outbox in this database; was it migrated?");
  const names = Object.keys(counted) as Name[]; // The type has no others.
  const sums = names.map((name) => {
    const { table, where = "true" } = counted[name];
    const parts = found.map((row) => `(select count(*) from "${row.table_schema}".${table} where ${where})`);
    return `${parts.join(" + ")} as "${name}"`;
  });
  const [row] = await sql.unsafe<Record<Name, string>[]>(`select ${sums.join(", ")}`);
  if (row === undefined) throw new Error("counting rows gave no row");
  // Each name has its column.
  return Object.fromEntries(names.map((name) => [name, Number(row[name])])) as Record<Name, number>;
}

/**
 * Waits until nothing is open, and says when that was (ms since the epoch). Throws with what is left at the deadline.
 * With `isSettled` messages also stand outside of the databases for a while: then it must be so in two looks in a row,
 * for one that is handled between the questions comes out at another place.
 */
export async function waitUntilDrained(
  sql: Sql,
  timeoutMs: number,
  isSettled?: () => Promise<boolean>,
): Promise<number> {
  const deadline = Date.now() + timeoutMs;
  let quietSinceMs: number | undefined;
  for (;;) {
    const seenAtMs = Date.now();
    const work = await openWork(sql);
    const isQuiet = work.outbox + work.timersDue + work.callIntents === 0 && (isSettled ? await isSettled() : true);
    if (isQuiet && (isSettled === undefined || quietSinceMs !== undefined)) return quietSinceMs ?? seenAtMs;
    quietSinceMs = isQuiet ? seenAtMs : undefined;
    if (Date.now() > deadline)
      throw new Error(
        `work is still open after ${timeoutMs} ms: ${JSON.stringify(work)}${isSettled ? ", or messages on their way" : ""}`,
      );
    await Bun.sleep(POLL_MS);
  }
}

/** How many orders there are in each status, of those that were placed at `sinceMs` (since the epoch) or later. */
export async function ordersByStatus(sql: Sql, sinceMs: number): Promise<Map<string, number>> {
  const [found] = await sql<{ table_name: string }[]>`
    select table_name from information_schema.tables
    where table_schema = 'order' and table_name in ('orders', 'order') order by table_name`;
  if (found === undefined)
    throw new Error("the order module has no table of orders in this database; was it migrated?");
  const rows = await sql.unsafe<{ status: string; orders: string }[]>(
    `select status::text as status, count(*) as orders from "order"."${found.table_name}"
     where created_at >= $1::text::timestamptz group by status order by status`,
    [new Date(sinceMs).toISOString()],
  );
  return new Map(rows.map((row) => [row.status, Number(row.orders)]));
}
