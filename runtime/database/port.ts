/**
 * The database of one module, as the message core and the stores see it.
 *
 * A `Lane` is one connection that one loop owns: its statements run in the order they were given, pipelined and
 * prepared. `query` is for cold reads and upkeep and draws from a bounded pool with a deadline.
 * Every rejection is a `DatabaseError` with a class that says what the caller may do next.
 */
export type Row = Record<string, unknown>;

/** Parameters are texts, numbers, booleans or null; arrays and JSON travel as text with a cast in the statement. */
export type Parameter = string | number | boolean | null;

export interface Statement {
  /** Constant for a given shape of work, so that it is prepared once a connection. */
  readonly text: string;
  readonly params: readonly Parameter[];
}

export interface Lane {
  /** One statement in its own transaction: when it resolves, it is durable. */
  run(statement: Statement): Promise<Row[]>;
  /** BEGIN and a first statement in one round trip. A rejection leaves no transaction behind. */
  begin(statement: Statement): Promise<OpenTransaction>;
  /** Drops the connection; a statement under way is left to the server. */
  close(): Promise<void>;
}

export interface OpenTransaction {
  readonly rows: Row[];
  /** A last statement and COMMIT in one round trip. A rejection means rolled back, or `unknown` when the answer was lost. */
  commit(statement: Statement): Promise<Row[]>;
  rollback(): Promise<void>;
}

export interface Database {
  /** Opens the connection of one loop. */
  lane(name: string): Lane;
  query(statement: Statement): Promise<Row[]>;
  /** How the pool of `query` is used now; absent where there is none. */
  poolUse?(): PoolUse;
  close(): Promise<void>;
}

export interface PoolUse {
  /** Connections with a statement under way, and open ones without. */
  readonly used: number;
  readonly idle: number;
  readonly most: number;
  /** Statements that wait for a connection. */
  readonly waiting: number;
}

/**
 * - `conflict`: somebody else changed the rows first (a guard of ours, unique violation, serialisation): read again.
 * - `unavailable`: the server or the way to it (SQLSTATE 08, 40, 53, 57, time-out): wait, then the same again. What was
 *   sent may have committed.
 * - `rejected`: the statement itself is wrong for the data: the same again fails again.
 */
export type DatabaseErrorClass = "conflict" | "unavailable" | "rejected";

export class DatabaseError extends Error {
  constructor(
    readonly kind: DatabaseErrorClass,
    readonly sqlState: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "DatabaseError";
  }
}

/** SQLSTATE that `expect_rows` raises when a guarded write touched another number of rows than it must. */
export const GUARD_SQLSTATE = "GD001";

/** Sorts a SQLSTATE (empty when the server never answered) into what the caller may do next. */
export function classifySqlState(sqlState: string): DatabaseErrorClass {
  if (sqlState === GUARD_SQLSTATE || sqlState === "23505") return "conflict";
  if (sqlState === "" || /^(08|40|53|57|58|25P03|55P03)/.test(sqlState)) return "unavailable";
  return "rejected";
}
