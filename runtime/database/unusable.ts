/** Why a database cannot be used, in one line that says what to do. */

import { messageOf } from "../error-text.ts";
import { StartError } from "../start-error.ts";
import type { ConnectionTarget } from "./connection-url.ts";
import { DatabaseError } from "./port.ts";

/** Any failure of a first connection as a `StartError`; one that is a `StartError` already says it itself. */
export function unusable(target: ConnectionTarget, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const place = target.socketPath ?? `${target.host}:${target.port}`;
  const reason = messageOf(error);
  const sqlState = error instanceof DatabaseError ? error.sqlState : "";
  return new StartError(
    `The database "${target.database}" at ${place} cannot be used (${reason}): ${adviceFor(sqlState, target)}`,
    { cause: error },
  );
}

const LOGIN_REFUSED: ReadonlySet<string> = new Set(["28P01", "28000"]);

/** Whether that is a server which does not take the user's password, or its token. */
export const isLoginRefused = (error: unknown): boolean =>
  error instanceof StartError && error.cause instanceof DatabaseError && LOGIN_REFUSED.has(error.cause.sqlState);

function adviceFor(sqlState: string, { database, user, tls }: ConnectionTarget): string {
  switch (sqlState) {
    case "28P01":
    case "28000":
      return `check user and password in the database URL, and that the server lets "${user}" in from here`;
    case "3D000":
      return `create it (createdb ${database}), or name another one in the database URL`;
    case "42501":
      return `grant the user "${user}" what it lacks, or give the URL of another user`;
    case "53300":
      return "end other connections, or raise the server's max_connections";
    case "57P03":
      return "the server is starting or stopping: start again when it takes connections, or see its log";
    case "":
      return `check host and port in the database URL, and that the server runs${tls === null ? "" : " and takes TLS"}`;
    default:
      return "see the server's log";
  }
}
