/**
 * Writes a decided batch as one statement, so a batch is one commit and one round trip.
 *
 * Every write is a CTE over one JSON parameter. Those that the decisions depend on are guarded: `expect_rows` fails the
 * statement when another replica was first (an idempotency key taken, a row of another version, a timer or intent that
 * is gone), and nothing of the batch is written. Guards are evaluated left to right, keys before rows, each sorted, so
 * that two replicas take their locks in the same order.
 */
import type { Parameter, Statement } from "../database/port.ts";
import { invariant } from "../invariant.ts";
import type { Write } from "./aggregate.ts";
import { auditRow, auditWrite } from "./audit.ts";
import type { BatchPlan } from "./batch-plan.ts";
import type { OutboxRow, TimerRow } from "./item.ts";
import type { Messaging } from "./messaging.ts";

const TIMER = "x(shard smallint, key text, kind text, due_at timestamptz, new_due_at timestamptz, traceparent text)";

const LETTER = "x(key text, source text, sequence integer, discarded boolean, discarded_at timestamptz, reason text)";

const CORE = {
  idempotency: {
    label: "idempotency keys",
    sql: `insert into idempotency (scope, body_hash, status, reference, created_at)
      select scope, body_hash, status, reference, created_at from json_to_recordset($::text::json)
        as x(scope uuid, body_hash uuid, status smallint, reference text, created_at timestamptz)
      on conflict do nothing returning 1`,
  },
  timersFired: {
    label: "timers fired",
    sql: `delete from timer t using json_to_recordset($::text::json) as ${TIMER}
      where t.shard = x.shard and t.key = x.key and t.kind = x.kind and t.due_at = x.due_at returning 1`,
  },
  timersMoved: {
    label: "timers fired and set again",
    sql: `update timer t set due_at = x.new_due_at, traceparent = x.traceparent from json_to_recordset($::text::json) as ${TIMER}
      where t.shard = x.shard and t.key = x.key and t.kind = x.kind and t.due_at = x.due_at returning 1`,
  },
  timersSet: {
    label: "timers set",
    sql: `insert into timer (shard, key, kind, due_at, traceparent)
      select shard, key, kind, due_at, traceparent from json_to_recordset($::text::json) as ${TIMER}
      on conflict (shard, key, kind) do update set due_at = excluded.due_at, traceparent = excluded.traceparent
      returning 1`,
  },
  timersCancelled: {
    label: "timers cancelled",
    sql: `delete from timer t using json_to_recordset($::text::json) as ${TIMER}
      where t.shard = x.shard and t.key = x.key and t.kind = x.kind returning 1`,
  },
  intents: {
    label: "call intents",
    sql: `insert into call_intent (shard, id, key, kind, request, begun, traceparent)
      select shard, id, key, kind, request, begun, traceparent from json_to_recordset($::text::json)
        as x(shard smallint, id uuid, key text, kind text, request text, begun boolean, traceparent text) returning 1`,
  },
  intentsDone: {
    label: "call intents done",
    sql: `delete from call_intent c using json_to_recordset($::text::json) as x(shard smallint, id uuid)
      where c.shard = x.shard and c.id = x.id returning 1`,
  },
  outbox: {
    label: "outbox",
    sql: `insert into outbox (shard, key, topic, sequence, message)
      select shard, key, topic, sequence, message from json_to_recordset($::text::json)
        as x(shard smallint, key text, topic text, sequence integer, message text) returning 1`,
  },
  acknowledged: {
    label: "outbox acknowledged",
    sql: `delete from outbox o using json_to_recordset($::text::json)
        as x(shard smallint, key text, topic text, sequence integer)
      where o.shard = x.shard and o.key = x.key and o.topic = x.topic and o.sequence = x.sequence returning 1`,
  },
  marks: {
    label: "inbox marks",
    sql: `with given as (select * from json_to_recordset($::text::json)
          as x(key text, topic text, before integer, sequence integer, marked_at timestamptz))
      insert into inbox_mark (key, topic, sequence, marked_at) select key, topic, sequence, marked_at from given
      on conflict (key, topic) do update set sequence = excluded.sequence, marked_at = excluded.marked_at
        where inbox_mark.sequence = (select g.before from given g where g.key = excluded.key and g.topic = excluded.topic)
      returning 1`,
  },
  lettersAhead: {
    label: "dead letters parked behind",
    sql: `select 1 from dead_letter d join json_to_recordset($::text::json) as ${LETTER}
        on d.key = x.key and d.source = x.source and d.sequence = x.sequence
      order by d.key, d.source, d.sequence for update of d`,
  },
  lettersReleased: {
    label: "dead letters released",
    sql: `delete from dead_letter d using json_to_recordset($::text::json) as ${LETTER}
      where d.key = x.key and d.source = x.source and d.sequence = x.sequence
        and (d.discarded_at is not null) = x.discarded returning 1`,
  },
  lettersDiscarded: {
    label: "dead letters discarded",
    // The first operator's reason and time stay.
    sql: `update dead_letter d set discarded_at = coalesce(d.discarded_at, x.discarded_at),
        discard_reason = coalesce(d.discard_reason, x.reason)
      from json_to_recordset($::text::json) as ${LETTER}
      where d.key = x.key and d.source = x.source and d.sequence = x.sequence returning 1`,
  },
  lettersCovered: {
    label: "dead letters covered",
    sql: `delete from dead_letter d using json_to_recordset($::text::json) as ${LETTER}
      where d.key = x.key and d.source = x.source and d.sequence = x.sequence returning 1`,
  },
  deadLetters: {
    label: "dead letters",
    sql: `insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
      select key, source, sequence, reason, error, message, parked_at from json_to_recordset($::text::json)
        as x(key text, source text, sequence integer, reason text, error text, message text, parked_at timestamptz)
      on conflict (key, source, sequence) do update set reason = excluded.reason, error = excluded.error,
        message = excluded.message, parked_at = excluded.parked_at
        where excluded.reason <> 'behind' and dead_letter.discarded_at is null returning 1`,
  },
} satisfies Record<string, Write>;

/** Guards are evaluated in this order, the same for every batch: keys, rows of other kinds, the aggregate's rows, the rest. */
type Rank = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19;

const MARKS = 11;

/**
 * What stands beside no row was decided on there being none. A row that another replica inserts at the same moment is
 * not seen; that one fails on the marks (`AggregateStore.insert`), or knew them.
 */
const rowsOf = ({ table, key }: Messaging<unknown, unknown, unknown>["aggregate"]): Write => ({
  label: `${table} without a row`,
  sql: `select 1 from ${table} t join json_to_recordset($::text::json) as x(key ${key.sqlType}) on t.${key.name} = x.key`,
});

interface Part {
  readonly rank: Rank;
  readonly write: Write;
  readonly json: string;
  /** How many rows it must touch; undefined: as many as there are. */
  readonly expected: number | undefined;
}

const bySortKey = (a: { readonly key: string }, b: { readonly key: string }) =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

/** `next`: as it is set again. */
const timerJson = (timer: TimerRow, next: TimerRow = timer) => ({
  shard: timer.shard,
  key: timer.key,
  kind: timer.kind,
  due_at: new Date(timer.dueMs).toISOString(),
  ...(next === timer ? {} : { new_due_at: new Date(next.dueMs).toISOString() }),
  ...(next.traceparent === undefined ? {} : { traceparent: next.traceparent }),
});

/** `message` is JSON already: it is put in as it stands, so it is not escaped a second time. */
const outboxJson = ({ shard, envelope, message }: OutboxRow) =>
  `{"shard":${shard},"key":${JSON.stringify(envelope.key)},"topic":"${envelope.topic}","sequence":${envelope.sequence},"message":${message}}`;

/** The one statement of a batch, or undefined when the batch changes nothing. */
export function saveStatement<State, Shared, Ports>(
  messaging: Messaging<State, Shared, Ports>,
  plan: BatchPlan<State, Shared>,
  acknowledged: readonly OutboxRow[],
  now: number,
  shape: StatementShape,
): Statement | undefined {
  const parts: Part[] = [];
  const add = (rank: Rank, write: Write, rows: readonly unknown[], guarded: boolean) => {
    if (rows.length > 0)
      parts.push({ rank, write, json: JSON.stringify(rows), expected: guarded ? rows.length : undefined });
  };
  const nowText = new Date(now).toISOString();

  const keys = plan.idempotency
    .map(({ scope, bodyHash, status, reference }) => ({
      key: scope,
      row: { scope, body_hash: bodyHash, status, reference, created_at: nowText },
    }))
    .sort(bySortKey);
  add(
    0,
    CORE.idempotency,
    keys.map(({ row }) => row),
    true,
  );

  const fired: unknown[] = [];
  const moved: unknown[] = [];
  for (const timer of plan.timersFired) {
    const again = plan.timersSet.get(`${timer.key} ${timer.kind}`);
    if (again) moved.push(timerJson(timer, again));
    else fired.push(timerJson(timer));
  }
  const firedNames = new Set(plan.timersFired.map((timer) => `${timer.key} ${timer.kind}`));
  add(1, CORE.timersFired, fired, true);
  add(2, CORE.timersMoved, moved, true);
  add(
    3,
    CORE.intentsDone,
    plan.intentsDone.map(({ shard, id }) => ({ shard, id })),
    true,
  );

  const inserts: unknown[] = [];
  const updates: unknown[] = [];
  for (const working of [...plan.working.values()].sort(bySortKey)) {
    if (!working.dirty || working.state === undefined) continue;
    const { key, state, positions, version, marksBefore } = working;
    const name = messaging.aggregate.keyOf(state);
    invariant(name === key, () => `the state decided on ${key} is that of ${name}`);
    const stored = { key, state, positions, version: version + 1 };
    if (version === 0) inserts.push(messaging.aggregate.encodeNew(stored, marksBefore !== undefined));
    else updates.push(messaging.aggregate.encodeChanged(stored));
  }
  add(4, messaging.aggregate.insert, inserts, true);
  add(5, messaging.aggregate.update, updates, true);

  const { shared } = messaging;
  if (shared && plan.changedShared.size > 0) {
    const rows = [...plan.changedShared].sort().flatMap((key) => {
      const value = plan.shared.get(key);
      return value === undefined ? [] : shared.encode(value);
    });
    add(6, shared.update, rows, true);
  }
  for (const [table, rows] of [...plan.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const store = messaging.entries[table];
    if (!store) throw new Error(`${messaging.module} declares no table ${table} for entries`);
    add(
      7,
      store.insert,
      rows.map((row) => store.encode(row)),
      true,
    );
  }
  add(8, CORE.intents, plan.intents, false);
  add(
    9,
    CORE.timersSet,
    [...plan.timersSet].flatMap(([name, timer]) => (firedNames.has(name) ? [] : [timerJson(timer)])),
    false,
  );
  add(
    10,
    CORE.timersCancelled,
    [...plan.timersCancelled].flatMap(([name, timer]) => (firedNames.has(name) ? [] : [timerJson(timer)])),
    false,
  );
  add(
    MARKS,
    CORE.marks,
    [...plan.marks].sort(bySortKey).map((mark) => ({ ...mark, marked_at: nowText })),
    true,
  );
  const besideNoRow = [...new Set(plan.marks.map(({ key }) => key))].sort();
  if (besideNoRow.length > 0)
    parts.push({
      rank: MARKS,
      write: rowsOf(messaging.aggregate),
      json: JSON.stringify(besideNoRow.map((key) => ({ key }))),
      expected: 0,
    });
  add(12, CORE.lettersAhead, plan.lettersAhead, true);
  add(13, CORE.lettersReleased, plan.lettersReleased, true);
  add(
    14,
    CORE.lettersDiscarded,
    plan.lettersDiscarded.map((letter) => ({ ...letter, discarded_at: nowText })),
    true,
  );
  add(15, CORE.lettersCovered, plan.lettersCovered, false);
  add(
    16,
    CORE.deadLetters,
    plan.deadLetters.map((letter) => ({ ...letter, parked_at: nowText })),
    false,
  );
  if (plan.outbox.length > 0)
    parts.push({
      rank: 17,
      write: CORE.outbox,
      json: `[${plan.outbox.map(outboxJson).join(",")}]`,
      expected: undefined,
    });
  add(
    18,
    CORE.acknowledged,
    acknowledged.map(({ shard, envelope }) => ({
      shard,
      key: envelope.key,
      topic: envelope.topic,
      sequence: envelope.sequence,
    })),
    false,
  );
  add(19, auditWrite, plan.audit.map(auditRow), false);
  if (parts.length === 0) return undefined;
  const items = plan.working.size + acknowledged.length;
  return compose(items < FIXED_SHAPE_FROM ? parts : fixedShape(shape, parts), textsOf(shape));
}

/** From here on an empty write costs less than another statement to plan and to keep. */
const FIXED_SHAPE_FROM = 24;
/** Guarded writes keep their guard when they are empty, so that the text stays the same. */
const GUARDED: ReadonlySet<Rank> = new Set<Rank>([0, 1, 2, 3, 4, 5, 6, 7]);
const RARE: ReadonlySet<Write> = new Set([
  auditWrite,
  CORE.timersMoved,
  CORE.lettersAhead,
  CORE.lettersReleased,
  CORE.lettersDiscarded,
  CORE.lettersCovered,
  CORE.deadLetters,
]);

/** The writes that a lane's batches have had so far, by label. */
export type StatementShape = Map<string, Pick<Part, "rank" | "write">>;

/**
 * Fills up with the writes that the lane's batches have had before, empty, so that a busy lane uses one text. Kept in
 * the order in which they are evaluated, which is the order of the parts.
 */
function fixedShape(shape: StatementShape, parts: readonly Part[]): Part[] {
  for (const { rank, write } of parts) if (rank !== MARKS && !RARE.has(write)) shape.set(write.label, { rank, write });
  const present = new Set(parts.map(({ write }) => write.label));
  const missing = [...shape.values()].filter(({ write }) => !present.has(write.label));
  const empty = missing.map(
    ({ rank, write }): Part => ({ rank, write, json: "[]", expected: GUARDED.has(rank) ? 0 : undefined }),
  );
  return [...parts, ...empty].sort((a, b) => a.rank - b.rank || (a.write.label < b.write.label ? -1 : 1));
}

/** A lane's texts: another module's table may have the same name and other columns. */
const textsByShape = new WeakMap<StatementShape, Map<string, string>>();

function textsOf(shape: StatementShape): Map<string, string> {
  let texts = textsByShape.get(shape);
  if (!texts) {
    texts = new Map();
    textsByShape.set(shape, texts);
  }
  return texts;
}

function compose(parts: readonly Part[], texts: Map<string, string>): Statement {
  const params: Parameter[] = [];
  for (const { json, expected } of parts) {
    params.push(json);
    if (expected !== undefined) params.push(expected);
  }
  // The text depends only on which writes there are, so a module has few of them and each is prepared once.
  const name = parts.map(({ write }) => write.label).join("|");
  let text = texts.get(name);
  if (text === undefined) {
    text = composeText(parts);
    texts.set(name, text);
  }
  return { text, params };
}

function composeText(parts: readonly Part[]): string {
  const ctes: string[] = [];
  const guards: string[] = [];
  let parameter = 0;
  parts.forEach(({ write, expected }, index) => {
    ctes.push(`w${index} as (${write.sql.replace("$::", `$${++parameter}::`)})`);
    if (expected !== undefined)
      guards.push(`expect_rows((select count(*) from w${index}), $${++parameter}::bigint, '${write.label}')`);
  });
  return `with ${ctes.join(",\n")}\nselect ${guards.length > 0 ? guards.join(", ") : "true"}`;
}
