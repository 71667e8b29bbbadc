/**
 * One connection to Redis, kept up for as long as the process runs.
 *
 * A command fails at once while there is no connection, and is never sent again: one that fails has run once or not at
 * all. A server that is silent for too long while it owes an answer loses the connection, so that one that hangs costs
 * no more than one that is gone. A connection counts as there once the server has answered a proof on it, which is
 * repeated now and then. One that is lost or fails its proof is made anew after a pause that grows, with chance, for
 * ever.
 */
import { Redis } from "ioredis";
import { createBackoff } from "../backoff.ts";
import { messageOf } from "../error-text.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { RedisTarget } from "./redis-url.ts";

export interface RedisConnectionDeps {
  readonly target: RedisTarget;
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
  const backoff = createBackoff(deps.random, PAUSE);
  const client = new Redis({
    ...optionsOf(deps.target, limits),
    retryStrategy: backoff.nextMs,
    // After a failover the old primary keeps its connections, and can only be read.
    reconnectOnError: (error) => error.message.startsWith("READONLY") && told(error),
  });
  let isClosed = false;
  /** Counts connections: what is heard of an earlier one is of no interest. */
  let connection = 0;
  let problem: string | undefined;
  let cancelNext: () => void = () => undefined;

  function told(error: unknown): true {
    problem = messageOf(error);
    return true;
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
  });
  client.on("error", told);
  client.on("close", () => {
    connection++;
    cancelNext();
    if (!isClosed) deps.condition(problem ?? "the connection was lost");
  });
  client.on("end", () => {
    if (isClosed) return;
    // It could not even begin to connect, which the client takes for the end.
    deps.condition(problem ?? "it cannot be connected to");
    cancelNext = scheduler.after(backoff.nextMs(), () => void client.connect().catch(() => undefined));
  });
  return {
    client,
    close() {
      isClosed = true;
      connection++;
      cancelNext();
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
