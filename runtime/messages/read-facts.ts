/** Reads what a module holds of its keys, for the answer to its facts method. Cold: from the pool, never on a lane. */
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database, Row } from "../database/port.ts";
import { answers, type RpcHandler } from "../rpc/port.ts";
import type { AggregateStore, Positions } from "./aggregate.ts";
import type { CoreFacts, FactsMethod, FactsPage, FactsRequest } from "./facts-contract.ts";
import type { Messaging } from "./messaging.ts";

/** Answers a module's facts method. `show` turns aggregates into facts, in the same order. */
export function answersFacts<State, Shared, Ports, Facts>(
  method: FactsMethod<Facts>,
  messaging: Pick<Messaging<State, Shared, Ports>, "aggregate" | "subscribes">,
  database: Database,
  show: (states: readonly State[]) => Promise<readonly Facts[]>,
): RpcHandler {
  return answers(method, async (request): Promise<FactsPage<Facts>> => {
    const keys = request.keys ?? (await pageOfKeys(database, messaging.aggregate, request));
    const { aggregates, core } = await readKeys(database, messaging.aggregate, keys);
    const stored = [...aggregates.values()];
    const shown = await show(stored.map(({ state }) => state));
    const facts = new Map(stored.map(({ key }, index) => [key, shown[index]]));
    return {
      subscribes: [...messaging.subscribes],
      items: core.map((each) => ({ ...each, aggregate: facts.get(each.key) ?? null })),
      complete: request.keys !== null || keys.length < request.limit,
    };
  });
}

const CORE_TABLES = ["inbox_mark", "outbox", "timer", "call_intent", "dead_letter"] as const;

async function pageOfKeys<State>(
  database: Database,
  aggregate: AggregateStore<State>,
  { after, limit }: FactsRequest,
): Promise<string[]> {
  const beyond = (column: string, type: string) => (after === null ? "" : `where ${column} > $2::${type}`);
  const { table, key } = aggregate;
  const parts = [
    `(select ${key.name}::text collate "C" as key from ${table} ${beyond(key.name, key.sqlType)} order by ${key.name} limit $1::integer)`,
    ...CORE_TABLES.map(
      (name) => `(select distinct key from ${name} ${beyond("key", "text")} order by key limit $1::integer)`,
    ),
  ];
  const rows = await database.query({
    text: `select key from (${parts.join(" union ")}) as every order by key limit $1::integer`,
    params: after === null ? [limit] : [limit, after],
  });
  return rows.map((row) => String(row.key));
}

async function readKeys<State>(database: Database, aggregate: AggregateStore<State>, keys: readonly string[]) {
  const wanted = arrayLiteral(keys);
  const ask = (text: string) => database.query({ text, params: [wanted] }).then(groupedByKey);
  const [rows, marks, outbox, timers, calls, letters] = await Promise.all([
    database.query(aggregate.load(keys)),
    ask("select key, topic, sequence from inbox_mark where key = any($1::text[])"),
    // In whatever shard: a row in the wrong one is found by nobody else.
    ask("select key, topic, sequence from outbox where key = any($1::text[]) order by key, topic, sequence"),
    ask("select key, kind, due_at from timer where key = any($1::text[]) order by key, kind"),
    ask("select key, kind from call_intent where key = any($1::text[]) order by key, kind, id"),
    ask(
      "select key, source, sequence, reason from dead_letter where key = any($1::text[]) order by key, source, sequence",
    ),
  ]);
  const aggregates = new Map(rows.map((row) => aggregate.decode(row)).map((stored) => [stored.key, stored]));
  const core = keys.map((key): CoreFacts => {
    const stored = aggregates.get(key);
    return {
      key,
      version: stored?.version ?? 0,
      in: withMarks(stored?.positions.in ?? {}, marks.get(key) ?? []),
      out: { ...stored?.positions.out },
      outbox: (outbox.get(key) ?? []).map(({ topic, sequence }) => ({
        topic: String(topic),
        sequence: Number(sequence),
      })),
      timers: (timers.get(key) ?? []).map(({ kind, due_at }) => ({ kind: String(kind), dueMs: Number(due_at) })),
      calls: (calls.get(key) ?? []).map(({ kind }) => ({ kind: String(kind) })),
      letters: (letters.get(key) ?? []).map(({ source, sequence, reason }) => ({
        source: String(source),
        sequence: Number(sequence),
        reason: String(reason),
      })),
    };
  });
  return { aggregates, core };
}

const groupedByKey = (rows: readonly Row[]) => Map.groupBy(rows, (row) => String(row.key));

function withMarks(positions: Positions["in"], marks: readonly Row[]): Record<string, number> {
  const merged: Record<string, number> = { ...positions };
  for (const { topic, sequence } of marks)
    merged[String(topic)] = Math.max(merged[String(topic)] ?? 0, Number(sequence));
  return merged;
}
