/**
 * How failures of PostgreSQL and of the way to it become a `DatabaseError`.
 *
 * A FATAL answer ends the connection, so it says nothing about the statement: a wrong password or a server that is
 * shutting down must make the caller wait, never judge the data as wrong.
 */

import { messageOf } from "../error-text.ts";
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

/** Any failure of the driver as a `DatabaseError`. */
export function toDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { sqlState } = serverError(error);
  const kind = spoilsConnection(error) ? "unavailable" : classifySqlState(sqlState);
  const message = messageOf(error);
  return new DatabaseError(kind, sqlState, message, { cause: error });
}

/** The way to the server is gone, or it did not answer in time. */
export const unavailable = (message: string, cause?: unknown): DatabaseError =>
  new DatabaseError("unavailable", "", message, cause === undefined ? undefined : { cause });
