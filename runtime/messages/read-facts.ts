/** Reads what a module holds of its keys, for the answer to its facts method. Cold: from the pool, never on a lane. */
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database, Row } from "../database/port.ts";
import { answers, type RpcHandler } from "../rpc/port.ts";
import type { AggregateStore, Positions, SharedStore } from "./aggregate.ts";
import type { CoreFacts, FactsMethod, FactsPage, FactsRequest } from "./facts-contract.ts";
import type { ModuleTopics } from "./messaging.ts";
import { shardOf } from "./shard.ts";

/** What facts are read from. */
interface FactsSource {
  readonly database: Database;
  /** Topics of the module with messages that are published and not settled. */
  readonly travelling: () => Promise<readonly string[]>;
}

/** Answers a module's facts method, once the runtime knows where it runs. */
export type FactsAnswer<State> = (
  messaging: ModuleTopics & {
    readonly aggregate: AggregateStore<State>;
    readonly shared?: Pick<SharedStore<unknown>, "topics">;
  },
  source: FactsSource,
) => RpcHandler;

/** `show` turns aggregates into facts, in the same order. */
export const answersFacts =
  <State, Facts>(
    method: FactsMethod<Facts>,
    show: (states: readonly State[]) => Promise<readonly Facts[]>,
  ): FactsAnswer<State> =>
  ({ aggregate, shared, subscribes }, { database, travelling }) =>
    answers(method, async (request): Promise<FactsPage<Facts>> => {
      const others = arrayLiteral(shared?.topics ?? []);
      const keys = request.keys ?? (await pageOfKeys(database, aggregate, others, request));
      const { aggregates, core } = await readKeys(database, aggregate, others, keys);
      const stored = [...aggregates.values()];
      const shown = await show(stored.map(({ state }) => state));
      const facts = new Map(stored.map(({ key }, index) => [key, shown[index]]));
      return {
        subscribes: subscribes.map(({ name }) => name),
        items: core.map((each) => ({ ...each, aggregate: facts.get(each.key) ?? null })),
        travelling: [...(await travelling())],
        complete: request.keys !== null || keys.length < request.limit,
      };
    });

/** An outbox may hold messages whose keys are no aggregates: `$1` names their topics. */
const CORE_TABLES = [
  "inbox_mark",
  "(select key from outbox where topic <> all($1::text[])) own",
  "timer",
  "call_intent",
  "dead_letter",
] as const;

async function pageOfKeys<State>(
  database: Database,
  aggregate: AggregateStore<State>,
  others: string,
  { after, limit }: FactsRequest,
): Promise<string[]> {
  const { table, key } = aggregate;
  // A key of another kind, which only a message can bring, has its place among the others as a text.
  const own =
    after === null || fits(aggregate, after) ? key : { name: `${key.name}::text collate "C"`, sqlType: "text" };
  const beyond = (column: string, type: string) => (after === null ? "" : `where ${column} > $3::${type}`);
  const parts = [
    `(select ${key.name}::text collate "C" as key from ${table} ${beyond(own.name, own.sqlType)} order by ${own.name} limit $2::integer)`,
    ...CORE_TABLES.map(
      (name) => `(select distinct key from ${name} ${beyond("key", "text")} order by key limit $2::integer)`,
    ),
  ];
  const rows = await database.query({
    text: `select key from (${parts.join(" union ")}) as every order by key limit $2::integer`,
    params: after === null ? [others, limit] : [others, limit, after],
  });
  return rows.map((row) => String(row.key));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether there can be an aggregate of that key. */
const fits = <State>({ key }: AggregateStore<State>, value: string) => key.sqlType !== "uuid" || UUID.test(value);

/** One statement after the other: customers' reads share the pool. */
async function readKeys<State>(
  database: Database,
  aggregate: AggregateStore<State>,
  others: string,
  keys: readonly string[],
) {
  const wanted = arrayLiteral(keys);
  const ask = async (text: string, ...params: string[]) =>
    Map.groupBy(await database.query({ text, params: [wanted, ...params] }), (row) => String(row.key));
  const rows = await database.query(aggregate.load(keys.filter((key) => fits(aggregate, key))));
  const marks = await ask(
    "select key, topic, sequence from inbox_mark where key = any($1::text[]) order by key, topic",
  );
  // In whatever shard: a row in the wrong one is found by nobody else.
  const outbox = await ask(
    `select shard, key, topic, sequence from outbox where key = any($1::text[]) and topic <> all($2::text[])
      order by key, topic, sequence`,
    others,
  );
  const timers = await ask("select shard, key, kind, due_at from timer where key = any($1::text[]) order by key, kind");
  const calls = await ask(
    "select shard, key, kind from call_intent where key = any($1::text[]) order by key, kind, id",
  );
  const letters = await ask(
    "select key, source, sequence, reason from dead_letter where key = any($1::text[]) order by key, source, sequence",
  );
  const aggregates = new Map(rows.map((row) => aggregate.decode(row)).map((stored) => [stored.key, stored]));
  const core = keys.map((key): CoreFacts => {
    const stored = aggregates.get(key);
    const own = shardOf(key);
    const rowsOf = (table: Map<string, Row[]>) => table.get(key) ?? [];
    return {
      key,
      version: stored?.version ?? 0,
      in: withMarks(stored?.positions.in ?? {}, rowsOf(marks)),
      out: { ...stored?.positions.out },
      outbox: rowsOf(outbox).map(({ shard, topic, sequence }) => ({
        topic: String(topic),
        sequence: Number(sequence),
        misplaced: shard !== own,
      })),
      timers: rowsOf(timers).map(({ shard, kind, due_at }) => ({
        kind: String(kind),
        dueMs: Number(due_at),
        misplaced: shard !== own,
      })),
      calls: rowsOf(calls).map(({ shard, kind }) => ({ kind: String(kind), misplaced: shard !== own })),
      letters: rowsOf(letters).map(({ source, sequence, reason }) => ({
        source: String(source),
        sequence: Number(sequence),
        reason: String(reason),
      })),
    };
  });
  return { aggregates, core };
}

function withMarks(positions: Positions["in"], marks: readonly Row[]): Record<string, number> {
  const merged: Record<string, number> = { ...positions };
  for (const { topic, sequence } of marks)
    merged[String(topic)] = Math.max(merged[String(topic)] ?? 0, Number(sequence));
  return merged;
}
