/**
 * Loads what a batch decides on. The optimistic load trusts the cache and the numbers (number 1 of a topic finds no
 * row); the guards of the save catch it when that was wrong. The verifying load trusts nothing: it reads every row
 * again, and drops what somebody else has done already (request with a known idempotency key, timer, intent or dead
 * letter gone).
 */
import { arrayLiteral } from "../database/array-literal.ts";
import type { Lane, Row, Statement } from "../database/port.ts";
import { NO_POSITIONS, type Stored } from "./aggregate.ts";
import type { Working } from "./batch-plan.ts";
import type { Item, MessageItem } from "./item.ts";
import type { Messaging } from "./messaging.ts";

export interface Loaded<State, Shared> {
  readonly stored: Stored<State>[];
  /** Keys taken to have no row without looking. */
  readonly assumedAbsent: ReadonlySet<string>;
  /** Keys whose row is as this process remembers it. */
  readonly remembered: ReadonlySet<string>;
  /** Keys without a row whose marks were looked up. */
  readonly rowless: readonly Working<State>[];
  /** What is left to decide. */
  readonly items: readonly Item<State, Shared>[];
  /** Runs after the batch: answers and settles what was dropped. */
  readonly dropped: (() => void)[];
  /** By `${key} ${source}`: the highest number parked. Empty unless verified. */
  readonly parked: ReadonlyMap<string, number>;
  /** Dead letters among the items that are discarded. */
  readonly discarded: ReadonlySet<MessageItem>;
  /** The database was asked, and answered. */
  readonly asked: boolean;
}

/** Uses the cache where it may. */
export async function loadOptimistic<State, Shared, Ports>(
  messaging: Messaging<State, Shared, Ports>,
  lane: Lane,
  items: readonly Item<State, Shared>[],
  cached: (key: string) => Stored<State> | undefined,
): Promise<Loaded<State, Shared>> {
  const stored: Stored<State>[] = [];
  const remembered = new Set<string>();
  const absent = new Set<string>();
  const missing = new Set<string>();
  const seen = new Set<string>();
  for (const item of items) {
    if (item.kind === "command" && item.sharedOnly) continue;
    // A refusal writes nothing that a guard could check, so commands on existing rows never decide on a cached one.
    const fresh = item.kind === "command" && !item.creates;
    if (seen.has(item.key) && !fresh) continue;
    seen.add(item.key);
    const hit = fresh ? undefined : cached(item.key);
    if (hit) {
      stored.push(hit);
      remembered.add(item.key);
    } else if (isFirst(item)) absent.add(item.key);
    else missing.add(item.key);
  }
  for (const key of missing) {
    absent.delete(key);
    remembered.delete(key);
  }
  const kept = missing.size === 0 ? stored : stored.filter((each) => !missing.has(each.key));
  if (missing.size > 0) {
    const rows = await lane.run(messaging.aggregate.load([...missing].sort()));
    for (const row of rows) kept.push(messaging.aggregate.decode(row));
  }
  return {
    stored: kept,
    assumedAbsent: absent,
    remembered,
    rowless: [],
    items,
    dropped: [],
    parked: new Map(),
    discarded: new Set(),
    asked: missing.size > 0,
  };
}

const isFirst = <State, Shared>(item: Item<State, Shared>) =>
  (item.kind === "message" && item.envelope.sequence === 1) || (item.kind === "command" && item.creates);

/** Reads everything, in one round trip; in order, so that the same tables give the same answer on every server. */
export async function loadVerifying<State, Shared, Ports>(
  messaging: Messaging<State, Shared, Ports>,
  lane: Lane,
  items: readonly Item<State, Shared>[],
): Promise<Loaded<State, Shared>> {
  const keys = [...new Set(items.map((item) => item.key))].sort();
  const scopes = items.flatMap((item) => (item.kind === "command" && item.idempotency ? [item.idempotency.scope] : []));
  const intents = items.flatMap((item) => (item.kind === "outcome" ? [item.intent.id] : []));
  const timed = items.some((item) => item.kind === "timer");
  const letters = items.filter((item) => item.kind === "message").filter(({ letter }) => letter !== undefined);
  const shardsParam = arrayLiteral([
    ...new Set(
      items.flatMap((item) =>
        item.kind === "timer" ? [item.timer.shard] : item.kind === "outcome" ? [item.intent.shard] : [],
      ),
    ),
  ]);
  const none: Promise<Row[]> = Promise.resolve([]);
  const keysParam = arrayLiteral(keys);
  const [rows, markRows, parkedRows, keyRows, timerRows, intentRows, letterRows] = await Promise.all([
    lane.run(messaging.aggregate.load(keys)),
    lane.run({
      text: "select key, topic, sequence from inbox_mark where key = any($1::text[]) order by key, topic",
      params: [keysParam],
    }),
    lane.run({
      text: "select key, source, max(sequence) as last from dead_letter where key = any($1::text[]) group by key, source order by key, source",
      params: [keysParam],
    }),
    scopes.length === 0
      ? none
      : lane.run({
          text: "select scope, body_hash, status, reference from idempotency where scope = any($1::uuid[]) order by scope",
          params: [arrayLiteral(scopes)],
        }),
    timed
      ? lane.run({
          text: "select key, kind, due_at from timer where shard = any($1::smallint[]) and key = any($2::text[]) order by key, kind",
          params: [shardsParam, keysParam],
        })
      : none,
    intents.length === 0
      ? none
      : lane.run({
          text: "select id from call_intent where shard = any($1::smallint[]) and id = any($2::uuid[]) order by id",
          params: [shardsParam, arrayLiteral(intents)],
        }),
    letters.length === 0 ? none : lane.run(lettersOf(letters)),
  ]);

  const stored = rows.map((row) => withMarks(messaging.aggregate.decode(row), markRows));
  const present = new Set(stored.map((each) => each.key));
  const rowless = keys
    .filter((key) => !present.has(key))
    .map((key): Working<State> => {
      const marks = markRows.filter((row) => row.key === key);
      const positions =
        marks.length === 0
          ? NO_POSITIONS
          : { in: Object.fromEntries(marks.map((row) => [String(row.topic), Number(row.sequence)])), out: {} };
      return { key, state: undefined, positions, version: 0, marksBefore: positions.in, dirty: false };
    });

  const requests = new Map(keyRows.map((row) => [String(row.scope), row]));
  const timers = new Set(timerRows.map((row) => `${row.key} ${row.kind} ${Number(row.due_at)}`));
  const open = new Set(intentRows.map((row) => String(row.id)));
  const standing = new Map(letterRows.map((row) => [`${row.key} ${row.source} ${Number(row.sequence)}`, row]));
  const discarded = new Set<MessageItem>();
  const dropped: (() => void)[] = [];
  const left = items.filter((item) => {
    if (item.kind === "command" && item.idempotency) {
      const request = requests.get(item.idempotency.scope);
      if (!request) return true;
      const same = request.body_hash === item.idempotency.bodyHash;
      const before = { status: Number(request.status), reference: String(request.reference) };
      dropped.push(same ? () => item.replayed(before) : item.keyReused);
      return false;
    }
    if (item.kind === "timer" && !timers.has(`${item.key} ${item.timer.kind} ${item.timer.dueMs}`)) {
      dropped.push(item.settle);
      return false;
    }
    if (item.kind === "outcome" && !open.has(item.intent.id)) {
      dropped.push(item.settle);
      return false;
    }
    if (item.kind === "message" && item.letter) {
      const { topic, sequence } = item.envelope;
      const letter = standing.get(`${item.key} ${topic} ${sequence}`);
      if (letter?.discarded === true) discarded.add(item);
      if (!letter) dropped.push(item.settle);
      return letter !== undefined;
    }
    return true;
  });
  const parked = new Map(parkedRows.map((row) => [`${row.key} ${row.source}`, Number(row.last)]));
  return {
    stored,
    assumedAbsent: new Set(),
    remembered: new Set(),
    rowless,
    items: left,
    dropped,
    parked,
    discarded,
    asked: true,
  };
}

/** Which of these dead letters are still there. */
function lettersOf(items: readonly MessageItem[]): Statement {
  const unique = (values: readonly (string | number)[]) => arrayLiteral([...new Set(values)]);
  return {
    text: `select key, source, sequence, discarded_at is not null as discarded from dead_letter
      where key = any($1::text[]) and source = any($2::text[]) and sequence = any($3::integer[])
      order by key, source, sequence`,
    params: [
      unique(items.map(({ key }) => key)),
      unique(items.map(({ envelope }) => envelope.topic)),
      unique(items.map(({ envelope }) => envelope.sequence)),
    ],
  };
}

/** A mark may have been set beside the row while another replica created the row: it counts like the row's own. */
function withMarks<State>(stored: Stored<State>, markRows: readonly Row[]): Stored<State> {
  const marks = markRows.filter((row) => row.key === stored.key);
  if (marks.length === 0) return stored;
  const positions: Record<string, number> = { ...stored.positions.in };
  for (const { topic, sequence } of marks)
    positions[String(topic)] = Math.max(positions[String(topic)] ?? 0, Number(sequence));
  return { ...stored, positions: { in: positions, out: stored.positions.out } };
}
