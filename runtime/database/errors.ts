/**
 * How failures of PostgreSQL and of the way to it become a `DatabaseError`.
 *
 * A FATAL answer ends the connection, so it says nothing about the statement: a wrong password or a server that is
 * shutting down must make the caller wait, never judge the data as wrong.
 *
 * What the server says may repeat values of the statement: they never go on. Of its answer only the message is kept, and
 * of that nothing that it quotes as data; detail, context and parameters are left behind with the driver's error.
 */

import { messageOf } from "../error-text.ts";
import { REDACTED } from "../secret.ts";
import { classifySqlState, DatabaseError } from "./port.ts";

/** The fields of a server's ErrorResponse that matter here; empty when the server never answered. */
interface ServerError {
  readonly sqlState: string;
  readonly severity: string;
  readonly routine: string;
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

function serverError(error: unknown): ServerError {
  if (!(error instanceof Error) || error.name !== "PostgresError") return { sqlState: "", severity: "", routine: "" };
  const field = (name: string) => text(Reflect.get(error, name));
  return { sqlState: field("code"), severity: field("severity") || field("severity_local"), routine: field("routine") };
}

/** 25006: a server that became a replica refuses writes; the connection must look for the new primary. */
const READ_ONLY = "25006";
/** A prepared statement whose tables changed under it: it works again on a new connection. */
const STALE_PLAN_ROUTINES: ReadonlySet<string> = new Set(["FetchPreparedStatement", "RevalidateCachedQuery"]);

/** True when the connection that gave this error must not be used again. */
export function spoilsConnection(error: unknown): boolean {
  const { sqlState, severity, routine } = serverError(error);
  if (sqlState === "" || severity === "FATAL" || severity === "PANIC") return true;
  return sqlState === READ_ONLY || STALE_PLAN_ROUTINES.has(routine);
}

/**
 * Names of tables and columns are quoted as well, so only the messages that are about data lose what they quote: those
 * of class 22 (data exception), and what a trigger or function of ours raises says nothing of values by itself.
 */
const withoutValues = (message: string, sqlState: string) =>
  sqlState.startsWith("22") ? message.replaceAll(/"(?:.|\n)*"/g, `"${REDACTED}"`) : message;

/** Any failure of the driver as a `DatabaseError`. */
export function toDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { sqlState } = serverError(error);
  const kind = spoilsConnection(error) ? "unavailable" : classifySqlState(sqlState);
  if (sqlState === "") return new DatabaseError(kind, sqlState, messageOf(error), { cause: error });
  return new DatabaseError(kind, sqlState, withoutValues(messageOf(error), sqlState));
}

/** The way to the server is gone, or it did not answer in time. */
export const unavailable = (message: string, cause?: unknown): DatabaseError =>
  new DatabaseError("unavailable", "", message, cause === undefined ? undefined : { cause });
