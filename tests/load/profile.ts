/** Where the time goes: statements by pg_stat_statements, the application's functions by Bun's sampling profiler. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";

const TOP = 25;

/** What the server must be started with for `statementTable`. */
export const STATEMENT_SETTINGS = {
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.max": "2000",
  "pg_stat_statements.track_planning": "on",
};

/** Forgets the statements counted so far. */
export async function resetStatements(sql: Sql): Promise<void> {
  await sql.unsafe("create extension if not exists pg_stat_statements");
  await sql.unsafe("select pg_stat_statements_reset()");
}

/** The statements that took the most time since the reset, as a table; times are also given for each of `orders`. */
export async function statementTable(sql: Sql, orders: number): Promise<string> {
  const rows = await sql.unsafe<Record<"ms" | "calls" | "us" | "rows" | "plan_ms" | "wal_kb" | "query", string>[]>(`
    select total_exec_time + total_plan_time as ms, calls, (total_exec_time + total_plan_time) * 1000 / calls as us,
      rows, total_plan_time as plan_ms, wal_bytes / 1024 as wal_kb, query
    from pg_stat_statements where query not like '%pg_stat_statements%' order by ms desc, queryid limit ${TOP}`);
  const head = ["ms", "µs/order", "calls", "calls/order", "µs/call", "planning ms", "rows", "WAL KB", "statement"];
  const body = rows.map((row) => [
    Number(row.ms).toFixed(0),
    ((Number(row.ms) * 1000) / orders).toFixed(1),
    row.calls,
    (Number(row.calls) / orders).toFixed(2),
    Number(row.us).toFixed(0),
    Number(row.plan_ms).toFixed(0),
    row.rows,
    Number(row.wal_kb).toFixed(0),
    statementSummary(row.query),
  ]);
  return table([head, ...body]);
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/**
 * Where the process itself spent its time over its whole life: by function, and by the function of this project that
 * was nearest above it, which gets what libraries and the engine did for it. Work that a library began by itself (a
 * socket's event) is the library's.
 */
export async function cpuProfileTable(directory: string): Promise<string> {
  const file = (await readdir(directory)).find((name) => name.endsWith(".cpuprofile"));
  if (file === undefined) return "no CPU profile was written: the process was not ended in order";
  const profile: CpuProfile = await Bun.file(join(directory, file)).json();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const selfMs = new Map<string, number>();
  const chargedMs = new Map<string, number>();
  let totalMs = 0;
  for (const [index, id] of profile.samples.entries()) {
    const ms = (profile.timeDeltas[index] ?? 0) / 1000;
    totalMs += ms;
    add(selfMs, frameName(nodes.get(id)), ms);
    add(chargedMs, frameName(ownerOf(id, nodes, parents)), ms);
  }
  const top = (times: ReadonlyMap<string, number>) =>
    [...times]
      .sort((a, b) => b[1] - a[1])
      .slice(0, TOP)
      .map(([name, ms]) => [ms.toFixed(0), `${((100 * ms) / totalMs).toFixed(1)} %`, name]);
  const bySelf = table([["self ms", "share", "function"], ...top(selfMs)]);
  const byOwner = table([
    ["ms", "share", "nearest function of ours, or outermost of a library, with what was done for it"],
    ...top(chargedMs),
  ]);
  return `${bySelf}\n\n${byOwner}`;
}

/** The nearest frame of ours; where there is none, the outermost frame of a library, else the frame itself. */
function ownerOf(id: number, nodes: ReadonlyMap<number, ProfileNode>, parents: ReadonlyMap<number, number>) {
  let outermost = nodes.get(id);
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const node = nodes.get(at);
    if (isOurs(node)) return node;
    if (node !== undefined && node.callFrame.url !== "") outermost = node;
  }
  return outermost;
}

function add(times: Map<string, number>, name: string, ms: number): void {
  times.set(name, (times.get(name) ?? 0) + ms);
}

function isOurs(node: ProfileNode | undefined): boolean {
  const url = node?.callFrame.url ?? "";
  return /\/(?:modules|runtime)\//.test(url) && !url.includes("/node_modules/");
}

function frameName(node: ProfileNode | undefined): string {
  if (node === undefined) return "?";
  const { functionName, url, lineNumber } = node.callFrame;
  const place = url === "" ? "" : `  ${url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;
  return `${functionName || "(anonymous)"}${place}`;
}

/** What a statement does, short: a long one with several writes as their list, any other as it begins. */
export function statementSummary(query: string): string {
  const text = query.replace(/\s+/g, " ").trim();
  const writes = [...text.matchAll(/\b(insert into|update|delete from) "?(\w+)"?(?= )/gi)];
  if (writes.length < 2) return text.slice(0, 120);
  return writes.map(([, verb, name]) => `${verb?.split(" ")[0]} ${name}`).join(", ");
}

/** Rows as aligned columns: all but the last to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row.map((cell, column) => (column === columns - 1 ? cell : cell.padStart(widths[column] ?? 0))).join("  "),
    )
    .join("\n");
}
