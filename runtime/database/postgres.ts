/**
 * The production adapter of `port.ts`: PostgreSQL through postgres.js.
 *
 * Every connection starts with the module's role and search_path, so product SQL names no schema and can change data
 * only. The server ends what takes too long (statement, lock and idle-in-transaction timeouts); a deadline of our own,
 * somewhat longer, covers a server that does not answer at all. Retrying is the caller's.
 */
import type { Scheduler } from "../scheduler.ts";
import { type ConnectionTarget, parseConnectionUrl } from "./connection-url.ts";
import { createLane } from "./lane.ts";
import { type Link, openLink, type PasswordOf } from "./link.ts";
import { createPool } from "./pool.ts";
import type { Database, Lane } from "./port.ts";

export interface OpenDatabaseOptions {
  /** Asked for each connection where it can change: those that are open stay. */
  readonly url: string | (() => string);
  /** In the place of the URL's password. */
  readonly passwordOf?: PasswordOf | undefined;
  readonly schema: string;
  /** The role that the connections take on, or null to stay the URL's user. */
  readonly role: string | null;
  readonly scheduler: Scheduler;
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
  /** Most statements of `query` that may wait for a connection. */
  readonly queueLimit?: number;
}

/** Connections for `query`, unless the caller says otherwise. */
export const POOL_SIZE = 4;

const CLOSE_GRACE_MS = 2000;

/** A plan made while tables were empty must not stay: prepared statements of lanes always walk the indexes. */
const LANE_PARAMETERS = {
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
} as const;

/** Opens a module's database; connections are made on first use. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const { scheduler, schema, role, poolSize = POOL_SIZE, statementTimeoutMs = 5000, queueLimit = 256 } = options;
  const { url, passwordOf } = options;
  const target = typeof url === "string" ? always(parseConnectionUrl(url)) : latestTarget(url);
  const deadlineMs = Math.ceil(statementTimeoutMs * 1.2) + 300;
  const parameters = (name: string): Record<string, string> => ({
    ...(role === null ? {} : { role }),
    search_path: quoteIdentifier(schema),
    statement_timeout: String(statementTimeoutMs),
    lock_timeout: String(Math.ceil(statementTimeoutMs / 2)),
    idle_in_transaction_session_timeout: String(statementTimeoutMs),
    TimeZone: "UTC",
    DateStyle: "ISO",
    application_name: name.slice(0, 63),
  });
  const open = (extra: Record<string, string>) =>
    openLink({ target: target(), ...(passwordOf && { passwordOf }), parameters: extra, deadlineMs, scheduler });
  const pool = createPool({
    open: (): Link => open(parameters(schema)),
    size: poolSize,
    queueLimit,
    waitMs: deadlineMs,
    scheduler,
  });
  const lanes = new Set<Lane>();
  return {
    lane(name) {
      const lane = createLane(name, () => open({ ...parameters(`${schema} ${name}`), ...LANE_PARAMETERS }));
      lanes.add(lane);
      return lane;
    },
    query: (statement) => pool.query(statement),
    poolUse: pool.use,
    async close() {
      await Promise.all([pool.close(CLOSE_GRACE_MS), ...[...lanes].map((lane) => lane.close())]);
    },
  };
}

const always = (target: ConnectionTarget) => () => target;

/** Read once for each text: it may name a file. */
function latestTarget(url: () => string): () => ConnectionTarget {
  let text = url();
  let target = parseConnectionUrl(text);
  return () => {
    const now = url();
    if (now !== text) target = parseConnectionUrl(now);
    text = now;
    return target;
  };
}

/** An SQL identifier, quoted: `order` is a reserved word. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
