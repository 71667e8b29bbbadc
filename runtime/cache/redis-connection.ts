/**
 * One connection to Redis, kept up for as long as the process runs.
 *
 * A command fails at once while there is no connection, and is never sent again: one that fails has run once or not at
 * all. A server that is silent for too long while it owes an answer loses the connection, so that one that hangs costs
 * no more than one that is gone. A connection counts as there once the server has answered a proof on it, which is
 * repeated now and then. One that is lost or fails its proof is made anew after a pause that grows, with chance, for
 * ever. User and password are asked for each time, so they may have changed; where a login lasts only so long, it is
 * renewed before its end.
 */
import { Redis } from "ioredis";
import { createBackoff } from "../backoff.ts";
import { messageOf } from "../error-text.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { RedisTarget } from "./redis-url.ts";

/** With what a connection logs in; asked each time. */
export type RedisLogin = () => Promise<Pick<RedisTarget, "user" | "password">>;

export interface RedisConnectionDeps {
  readonly target: RedisTarget;
  /** In the place of the target's user and password. */
  readonly login?: RedisLogin;
  /** How long the server lets a connection be after a login; for ever when left out. */
  readonly loginLastsMs?: number;
  /** Before that ends: logs in again on the connection, or makes another one. */
  readonly renew: "again" | "reconnect";
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly limits: ConnectionLimits;
  /** Asks something that is only answered by a server that can be worked with. */
  readonly prove: (client: Redis) => Promise<unknown>;
  /** Null when the connection is there, else why it is not; each time that this is known anew. */
  readonly condition: (problem: string | null) => void;
}

export interface ConnectionLimits {
  /** For a connection, until it is encrypted. */
  readonly connectMs: number;
  /** Longest silence of a server that owes an answer. */
  readonly silenceMs: number;
  readonly proveEveryMs: number;
}

export interface RedisConnection {
  readonly client: Redis;
  /** Ends it at once, and whatever is under way on it. */
  close(): void;
}

const PAUSE = { firstMs: 50, mostMs: 2_000 };

export function openRedisConnection(deps: RedisConnectionDeps): RedisConnection {
  const { scheduler, limits } = deps;
  const { login = async () => deps.target, loginLastsMs } = deps;
  const backoff = createBackoff(deps.random, PAUSE);
  const client = new Redis({
    ...optionsOf(deps.target, limits),
    // A connection is made by `connect` alone, which asks first how to log in.
    lazyConnect: true,
    retryStrategy: null,
    // After a failover the old primary keeps its connections, and can only be read.
    reconnectOnError: (error) => error.message.startsWith("READONLY") && told(error),
  });
  let isClosed = false;
  /** Counts connections: what is heard of an earlier one is of no interest. */
  let connection = 0;
  let problem: string | undefined;
  let hasBegun = false;
  let cancelNext: () => void = () => undefined;
  let cancelRenewal: () => void = () => undefined;

  function told(error: unknown): true {
    problem = messageOf(error);
    return true;
  }

  async function connect() {
    try {
      const { user, password } = await login();
      if (isClosed) return;
      Object.assign(client.options, { username: user ?? undefined, password: password?.open() });
    } catch (error) {
      problem = `there is nothing to log in with: ${messageOf(error)}`;
      deps.condition(problem);
      return again();
    }
    hasBegun = false;
    // How it fails is told by events.
    await client.connect().catch(() => undefined);
  }

  function again() {
    if (!isClosed) cancelNext = scheduler.after(backoff.nextMs(), () => void connect());
  }

  async function renew(current: number) {
    try {
      if (deps.renew === "again") {
        const { user, password } = await login();
        if (current !== connection || password === null) return;
        await (user === null ? client.auth(password.open()) : client.auth(user, password.open()));
        return renewLater(current);
      }
    } catch {
      // The connection is about to be ended by the server: better now, and told as any other that is lost.
    }
    if (current === connection) client.disconnect(true);
  }

  function renewLater(current: number) {
    if (loginLastsMs !== undefined) cancelRenewal = scheduler.after(loginLastsMs, () => void renew(current));
  }

  async function proveOn(current: number) {
    try {
      await deps.prove(client);
      if (current !== connection) return;
      backoff.reset();
      cancelNext = scheduler.after(limits.proveEveryMs, () => void proveOn(current));
      deps.condition(null);
    } catch (error) {
      if (current !== connection) return;
      problem ??= messageOf(error);
      client.disconnect(true);
    }
  }

  client.on("ready", () => {
    problem = undefined;
    void proveOn(++connection);
    renewLater(connection);
  });
  client.on("error", told);
  client.on("close", () => {
    connection++;
    cancelNext();
    cancelRenewal();
    hasBegun = true;
    if (!isClosed) deps.condition(problem ?? "the connection was lost");
  });
  client.on("end", () => {
    // It could not even begin to connect: nothing was closed.
    if (!isClosed && !hasBegun) deps.condition(problem ?? "it cannot be connected to");
    again();
  });
  void connect();
  return {
    client,
    close() {
      isClosed = true;
      connection++;
      cancelNext();
      cancelRenewal();
      client.disconnect();
    },
  };
}

function optionsOf(target: RedisTarget, limits: ConnectionLimits) {
  const { host, port, user, password, database, tls } = target;
  return {
    host,
    port,
    db: database,
    ...(user === null ? {} : { username: user }),
    ...(password === null ? {} : { password: password.open() }),
    ...(tls === null ? {} : { tls }),
    connectionName: "genai-demo",
    disableClientInfo: true,
    // All that is used is in the older protocol, which proxies speak as well.
    protocol: 2 as const,
    connectTimeout: limits.connectMs,
    commandTimeout: limits.silenceMs,
    socketTimeout: limits.silenceMs,
    // The connection is dropped at once, not when a server that hangs has said goodbye.
    disconnectTimeout: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Both would send commands whose failure nobody could catch or hear of; the proof takes their place.
    autoResubscribe: false,
    enableReadyCheck: false,
  };
}
