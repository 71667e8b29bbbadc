/**
 * The address of a database: `postgres://user:password@host:port/name` or, through a unix socket,
 * `postgres:///name?host=/directory&port=5432&user=name` (the forms of libpq, so `psql` takes them as well).
 *
 * TLS is all or nothing: `sslmode=require`, `verify-ca` and `verify-full` all check the server's certificate and its
 * name against `sslrootcert` (or the system's authorities); `prefer` and `allow` are refused, because they accept
 * any certificate or none.
 */
import { readFileSync } from "node:fs";
import { messageOf } from "../error-text.ts";
import { type Secret, secret } from "../secret.ts";
import { StartError } from "../start-error.ts";
import { type TlsSettings, verifiedTls } from "../verified-tls.ts";

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  /** The socket file, or null for TCP. */
  readonly socketPath: string | null;
  readonly user: string;
  readonly password: Secret;
  readonly database: string;
  readonly tls: TlsSettings | null;
}

export class ConnectionUrlError extends StartError {
  constructor(reason: string) {
    super(`${reason}. Give a database URL such as postgres://user:password@host:5432/name?sslmode=verify-full`);
    this.name = "ConnectionUrlError";
  }
}

const KNOWN_PARAMETERS = new Set(["host", "port", "user", "sslmode", "sslrootcert"]);

/** Reads a database URL; throws a `ConnectionUrlError` that never repeats the password. */
export function parseConnectionUrl(text: string): ConnectionTarget {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ConnectionUrlError("The database URL cannot be read");
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw new ConnectionUrlError(`The database URL begins with ${url.protocol}// instead of postgres://`);
  }
  for (const name of url.searchParams.keys()) {
    if (!KNOWN_PARAMETERS.has(name))
      throw new ConnectionUrlError(`The database URL has an unknown parameter "${name}"`);
  }
  const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
  if (host === "") throw new ConnectionUrlError("The database URL names no host");
  const port = Number(url.searchParams.get("port") ?? (url.port || 5432));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ConnectionUrlError("The port is not 1 to 65535");
  const user = url.searchParams.get("user") ?? decodeURIComponent(url.username);
  if (user === "") throw new ConnectionUrlError("The database URL names no user");
  const database = decodeURIComponent(url.pathname.slice(1)) || user;
  const isSocket = host.startsWith("/");
  return {
    host: isSocket ? "localhost" : host.replace(/^\[|\]$/g, ""),
    port,
    socketPath: isSocket ? `${host}/.s.PGSQL.${port}` : null,
    user,
    password: secret(decodeURIComponent(url.password)),
    database,
    tls: readTls(url.searchParams, host, isSocket),
  };
}

function readTls(parameters: URLSearchParams, host: string, isSocket: boolean): TlsSettings | null {
  const mode = parameters.get("sslmode") ?? "disable";
  const rootFile = parameters.get("sslrootcert");
  if (mode === "disable" || isSocket) {
    if (rootFile !== null) throw new ConnectionUrlError("sslrootcert needs sslmode=verify-full and a TCP host");
    return null;
  }
  if (mode !== "require" && mode !== "verify-ca" && mode !== "verify-full") {
    throw new ConnectionUrlError(`sslmode=${mode} is not safe; use verify-full or disable`);
  }
  const roots = rootFile === null || rootFile === "system" ? undefined : readRoots(rootFile);
  return verifiedTls(host.replace(/^\[|\]$/g, ""), roots);
}

function readRoots(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConnectionUrlError(`sslrootcert: cannot read ${file} (${messageOf(error)})`);
  }
}
