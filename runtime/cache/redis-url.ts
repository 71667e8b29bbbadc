/**
 * The address of a Redis: `redis://user:password@host:port/number`, or `rediss://…` with TLS. User, password, port
 * (6379) and the number of the database (0) may be left out. TLS always checks the server's certificate and its name.
 */
import { createSecureContext } from "node:tls";
import { messageOf } from "../error-text.ts";
import { type Secret, secret } from "../secret.ts";
import { StartError } from "../start-error.ts";
import { type TlsSettings, verifiedTls } from "../verified-tls.ts";

export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  /** Null: the default user. */
  readonly user: string | null;
  /** Null: it asks for none. */
  readonly password: Secret | null;
  readonly database: number;
  readonly tls: TlsSettings | null;
}

export class RedisUrlError extends StartError {
  constructor(reason: string) {
    super(`${reason}. Give a Redis URL such as rediss://user:password@host:6379`);
    this.name = "RedisUrlError";
  }
}

/**
 * Reads a Redis URL; throws a `RedisUrlError` that never repeats the password. `ca`: the authorities to trust (PEM), in
 * place of the system's. `isByToken`: the password is made for each connection, so the URL has none.
 */
export function parseRedisUrl(text: string, ca?: string, isByToken = false): RedisTarget {
  const url = readUrl(text);
  if (url.protocol !== "redis:" && url.protocol !== "rediss:")
    throw new RedisUrlError(`The Redis URL begins with ${url.protocol}// instead of redis:// or rediss://`);
  if (url.search !== "" || url.hash !== "") throw new RedisUrlError("The Redis URL has parameters, and none is known");
  const host = decode(url.hostname).replace(/^\[|\]$/g, "");
  if (host === "") throw new RedisUrlError("The Redis URL names no host");
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user !== "" && password === "" && !isByToken)
    throw new RedisUrlError("The Redis URL names a user without a password");
  const isEncrypted = url.protocol === "rediss:";
  if (ca !== undefined && !isEncrypted) throw new RedisUrlError("Authorities are given, but redis:// has no TLS");
  const unreadable = ca === undefined ? null : faultOf(ca);
  if (unreadable !== null) throw new RedisUrlError(`The authorities that are given cannot be read (${unreadable})`);
  return {
    host,
    port: Number(url.port || 6379),
    user: user || null,
    password: password === "" ? null : secret(password),
    database: databaseNumber(url.pathname),
    tls: isEncrypted ? verifiedTls(host, ca) : null,
  };
}

function readUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new RedisUrlError("The Redis URL cannot be read");
  }
}

function faultOf(ca: string): string | null {
  try {
    createSecureContext({ ca });
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RedisUrlError("The Redis URL has a % that begins no code; write a % itself as %25");
  }
}

function databaseNumber(path: string): number {
  const digits = path.replace(/^\//, "");
  if (!/^\d{0,5}$/.test(digits)) throw new RedisUrlError("What follows the host is not the number of a database");
  return Number(digits);
}
