/**
 * How the runtime loads and saves a module's aggregates, many at once.
 *
 * The drizzle table of an aggregate has, beside the module's own columns, `version` (guards every update) and
 * `positions`: the inbox marks and the outgoing counters of the aggregate, kept in its own row so that they cost no
 * row of their own. A module's code sees neither.
 */
import { getTableName, type Table } from "drizzle-orm";
import { arrayLiteral } from "../database/array-literal.ts";
import type { Row, Statement } from "../database/port.ts";
import { column, columnNames, quoted, type Recordset, recordset, recordType } from "../database/recordset.ts";

/** By topic: the last number handled, and the last number given out. */
export interface Positions {
  readonly in: Readonly<Record<string, number>>;
  readonly out: Readonly<Record<string, number>>;
}

export const NO_POSITIONS: Positions = { in: {}, out: {} };

export interface Stored<State> {
  readonly key: string;
  readonly state: State;
  readonly version: number;
  readonly positions: Positions;
}

/** A write as it goes into the one statement of a batch: SQL with `$` where its JSON parameter goes. */
export interface Write {
  readonly label: string;
  readonly sql: string;
}

export interface AggregateStore<State> {
  /** The table, and the column of the key with its type, as SQL names them. */
  readonly table: string;
  readonly key: { readonly name: string; readonly sqlType: string };
  /** What its key is an id of, as log lines call it: `orderId`. */
  readonly identifies: string;
  load(keys: readonly string[]): Statement;
  /** Those of the rows whose version is above the one that is known of them. */
  newer(seen: readonly { readonly key: string; readonly version: number }[]): Statement;
  decode(row: Row): Stored<State>;
  /** Of a row that perhaps cannot be decoded. */
  keyOfRow(row: Row): string;
  /** The key that the state names itself by: its row is written under it. */
  keyOf(state: State): string;
  /** A property in which the two differ although no update writes it, if there is one. */
  frozenChange(before: State, after: State): string | undefined;
  /** A JSON row for `insert`. */
  encodeNew(stored: Stored<State>, marksKnown: boolean): Record<string, unknown>;
  /** A JSON row for `update`: the key and what may change, no more. */
  encodeChanged(stored: Stored<State>): Record<string, unknown>;
  readonly insert: Write;
  readonly update: Write;
}

/**
 * Derives load and save from the drizzle table. `State` is what the table's own columns hold, with times in
 * milliseconds; `mutable` names the properties that an update writes.
 */
export function aggregateStore<State extends object>(
  table: Table,
  options: { readonly key: keyof State & string; readonly mutable: readonly (keyof State & string)[] },
): AggregateStore<State> {
  const set = recordset(table);
  const key = column(set, options.key);
  const keyName = quoted(key.name);
  const changed = ["version", "positions", ...options.mutable];
  const changing = recordset(table, [options.key, ...changed]);
  const frozen = set.columns.map(({ property }) => property).filter((property) => !changed.includes(property));
  const assignments = changed.map((property) => quoted(column(set, property).name));
  // A plain object by declaration; what is null or absent becomes NULL.
  const plain = (state: State) => state as Readonly<Record<string, unknown>>;
  const selected = columnNames(set);
  return {
    table: set.table,
    key: { name: keyName, sqlType: key.sqlType },
    identifies: options.key === "id" ? `${getTableName(table)}Id` : options.key,
    load: (keys) => ({
      text: `select ${selected} from ${set.table} where ${keyName} = any($1::${key.sqlType}[]) order by ${keyName}`,
      params: [arrayLiteral(keys)],
    }),
    newer: (seen) => ({
      text: `select ${columnNames(set, "t.")} from unnest($1::${key.sqlType}[], $2::integer[]) as seen(key, version)
        join ${set.table} t on t.${keyName} = seen.key and t.version > seen.version order by t.${keyName}`,
      params: [arrayLiteral(seen.map((each) => each.key)), arrayLiteral(seen.map(({ version }) => version))],
    }),
    decode(row) {
      const decoded = set.decode(row);
      const { version, positions, ...state } = decoded;
      return {
        key: String(decoded[options.key]),
        // The table's columns are the state's properties: that is what the store was declared with.
        state: state as State,
        version: Number(version),
        // Written by `encodeNew` and `encodeChanged` only.
        positions: positions as Positions,
      };
    },
    keyOfRow: (row) => String(row[key.name]),
    keyOf: (state) => String(state[options.key]),
    frozenChange: (before, after) => frozen.find((property) => plain(before)[property] !== plain(after)[property]),
    encodeNew: ({ state, version, positions }, marksKnown) =>
      Object.assign(set.encode(plain(state)), { version, positions, marks_known: marksKnown }),
    encodeChanged: ({ state, version, positions }) =>
      Object.assign(changing.encode(plain(state)), { version, positions }),
    insert: {
      label: `insert ${set.table}`,
      sql: `insert into ${set.table} (${selected}) select ${columnNames(set, "x.")}
        from json_to_recordset($::text::json) as ${withMarksKnown(set)}
        where x.marks_known or (select count(*) from inbox_mark m where m.key = x.${keyName}::text) = 0
        on conflict do nothing returning 1`,
    },
    update: {
      label: `update ${set.table}`,
      sql: `update ${set.table} t set ${assignments.map((name) => `${name} = x.${name}`).join(", ")}
        from json_to_recordset($::text::json) as ${recordType(changing)}
        where t.${keyName} = x.${keyName} and t.version = x.version - 1 returning 1`,
    },
  };
}

const withMarksKnown = (set: Recordset) => recordType(set).replace(/\)$/, ", marks_known boolean)");

/** Rows that different aggregates share (stock): locked in key order before a decision, written with it. */
export interface SharedStore<Shared> {
  /** Must lock (`order by … for update`) all rows of these keys; the keys come sorted and without repeats. */
  lock(keys: readonly string[]): Statement;
  /** Groups the locked rows by key. */
  decode(rows: readonly Row[]): Map<string, Shared>;
  /** JSON rows of a changed value, for `update`. */
  encode(shared: Shared): readonly Record<string, unknown>[];
  readonly update: Write;
  /** Topics whose messages these rows count (`sharedMessages`): their keys are no aggregates. */
  readonly topics?: readonly string[];
  /** The number of the last of these messages that a row has counted, on one of the topics. */
  readonly lastTold?: (shared: Shared, topic: string) => number;
}
