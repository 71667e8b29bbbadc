/**
 * One connection to PostgreSQL over postgres.js, from its first statement to its death.
 *
 * A link guarantees: statements run in the order given, pipelined; every one settles; the connection is never
 * replaced behind the caller's back. postgres.js would wait for ever on a frozen server, and would run statements
 * queued behind a lost BEGIN on a fresh connection, outside any transaction; so a link lets its client open one socket
 * only, watches for progress with its own deadline, and is thrown away whole on the first sign of trouble. Whoever
 * holds it opens another one.
 */
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import type { Scheduler } from "../scheduler.ts";
import type { Secret } from "../secret.ts";
import type { ConnectionTarget } from "./connection-url.ts";
import { spoilsConnection, toDatabaseError, unavailable } from "./errors.ts";
import type { DatabaseError, Row, Statement } from "./port.ts";
import { checkParameters, VALUE_TYPES } from "./value-types.ts";

/** What a server takes for the password of that user; asked for each connection, right before it is made. */
export type PasswordOf = (target: ConnectionTarget) => Promise<Secret>;

export interface LinkSettings {
  readonly target: ConnectionTarget;
  /** In the place of the target's password. It goes over TLS alone: a target without is refused. */
  readonly passwordOf?: PasswordOf;
  /** Run-time parameters sent with the start-up packet. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Longest silence of the server while statements wait; beyond it the link is dropped. */
  readonly deadlineMs: number;
  readonly scheduler: Scheduler;
}

export interface Answer {
  readonly rows: Row[];
  /** The server's command tag, such as `SELECT` or `ROLLBACK`. */
  readonly command: string;
  /** How many rows it gave back, or changed. */
  readonly count: number;
}

export interface Link {
  /** Why the link can no longer be used, or null. */
  readonly fault: DatabaseError | null;
  send(statement: Statement): Promise<Answer>;
  /** Drops the connection at once; everything under way is rejected with `reason`. */
  drop(reason: DatabaseError): void;
  /** Says goodbye to the server; for a link with nothing under way. */
  close(): void;
}

const GOODBYE_MS = 1000;

/** Opens a link; the connection itself is made by the first statement. */
export function openLink(settings: LinkSettings): Link {
  const { target, scheduler, deadlineMs, passwordOf } = settings;
  let password = target.password;
  const waiting = new Set<(error: DatabaseError) => void>();
  let fault: DatabaseError | null = null;
  let socket: Socket | null = null;
  let socketsOpened = 0;
  let cancelDeadline: (() => void) | null = null;

  const watch = () => {
    cancelDeadline?.();
    cancelDeadline = null;
    if (fault !== null || waiting.size === 0) return;
    cancelDeadline = scheduler.after(deadlineMs, () =>
      drop(unavailable(`the database gave no answer within ${deadlineMs} ms`)),
    );
  };

  const client = postgres({
    host: target.host,
    port: target.port,
    user: target.user,
    pass: () => password.open(),
    database: target.database,
    ssl: target.tls ?? false,
    max: 1,
    prepare: true,
    fetch_types: false,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 0,
    backoff: () => 0,
    types: VALUE_TYPES,
    connection: { ...settings.parameters },
    onnotice: () => undefined,
    onclose: () => drop(unavailable("the connection to the database was lost")),
    ...socketOption(async () => {
      socketsOpened += 1;
      if (fault === null && socketsOpened === 1 && passwordOf !== undefined) {
        if (target.tls === null)
          throw unavailable("a token is not sent without TLS: add sslmode=verify-full to the URL");
        password = await passwordOf(target);
      }
      if (fault !== null || socketsOpened > 1) throw fault ?? unavailable("the connection to the database was lost");
      socket = openSocket(target);
      return whenConnected(socket);
    }),
  });

  function drop(reason: DatabaseError) {
    if (fault !== null) return;
    fault = reason;
    watch();
    for (const reject of waiting) reject(reason);
    waiting.clear();
    socket?.destroy();
    client.end({ timeout: 0 }).catch(() => undefined);
  }

  return {
    get fault() {
      return fault;
    },
    drop,
    close() {
      if (waiting.size > 0) return drop(unavailable("the connection to the database was closed"));
      fault = unavailable("the connection to the database was closed");
      client.end({ timeout: 0 }).catch(() => undefined);
      const open = socket;
      if (open === null || open.destroyed) return;
      const giveUp = scheduler.after(GOODBYE_MS, () => open.destroy());
      open.once("close", giveUp);
    },
    send(statement) {
      return new Promise((resolve, reject) => {
        const refusal = fault ?? checkParameters(statement.params);
        if (refusal !== null) return reject(refusal);
        waiting.add(reject);
        if (waiting.size === 1) watch();
        const query = client.unsafe<Row[]>(statement.text, [...statement.params], QUERY_OPTIONS);
        refuseRetry(query);
        query.then(
          (result) => {
            if (!waiting.delete(reject)) return;
            watch();
            resolve({ rows: Array.from(result), command: result.command, count: result.count });
          },
          (error: unknown) => {
            if (waiting.delete(reject)) {
              watch();
              reject(toDatabaseError(error));
            }
            if (spoilsConnection(error)) drop(toDatabaseError(error));
          },
        );
      });
    },
  };
}

const QUERY_OPTIONS = { prepare: true, sendOnce: true } as const;
let isRetryRefused = false;

/**
 * postgres.js answers a stale plan by sending the statement again at the end of its queue, which can be after a COMMIT
 * that was pipelined behind it. It notes the retry in the property `retried`, and throwing there stops it. The setter
 * sits on the prototype, because a property on each query would make all of them slow; other clients' queries, which
 * do not bear our option, keep their retry.
 */
function refuseRetry(query: object) {
  if (isRetryRefused) return;
  isRetryRefused = true;
  Object.defineProperty(Object.getPrototypeOf(query), "retried", {
    get: () => undefined,
    set(this: { options: { sendOnce?: boolean } }, error: unknown) {
      if (this.options.sendOnce) throw error;
      Object.defineProperty(this, "retried", { value: error });
    },
  });
}

/** `socket` is an option of postgres.js that its types leave out. */
const socketOption = (socket: () => Promise<Socket>): object => ({ socket });

function openSocket(target: ConnectionTarget): Socket {
  if (target.socketPath !== null) return connect({ path: target.socketPath });
  return connect({ host: target.host, port: target.port, noDelay: true });
}

function whenConnected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(unavailable("the connection to the database was closed while it was made")));
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
