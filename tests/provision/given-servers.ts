/**
 * The servers that variables name, in place of our own. Each is tried once before anything runs on it: where nobody
 * answers, one line says so, and not a failure of each test. What is given is never replaced by another.
 */
import { connect } from "node:net";
import { parseRedisUrl } from "../../runtime/cache/redis-url.ts";
import { hostList } from "../../runtime/config/parsers.ts";
import { parseConnectionUrl } from "../../runtime/database/connection-url.ts";
import { messageOf } from "../../runtime/error-text.ts";

export type GivenVariable = "DATABASE_URL" | "REDIS_URL" | "KAFKA_BROKERS";

type Address = { readonly host: string; readonly port: number } | { readonly path: string };

const ANSWER_WITHIN_MS = 5_000;

const ADDRESSES: Readonly<Record<GivenVariable, (given: string) => readonly Address[]>> = {
  DATABASE_URL(given) {
    const { host, port, socketPath } = parseConnectionUrl(given);
    return [socketPath === null ? { host, port } : { path: socketPath }];
  },
  REDIS_URL: (given) => [parseRedisUrl(given)],
  KAFKA_BROKERS(given) {
    const brokers = hostList.parse(given);
    if (brokers === null) throw new Error(`KAFKA_BROKERS must be ${hostList.wants}`);
    return brokers.map((broker) => {
      const { hostname, port } = new URL(`kafka://${broker}`);
      return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
    });
  },
};

/** What the variable gives; null where it is not set. Throws when it cannot be read, or when nobody answers there. */
export async function givenServer(variable: GivenVariable): Promise<string | null> {
  const given = process.env[variable];
  if (!given) return null;
  const addresses = ADDRESSES[variable](given);
  try {
    await Promise.any(addresses.map(takesConnections));
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
    throw new Error(
      `nobody answers where ${variable} leads (${reasons.join("; ")}): start that server, or unset ${variable} to have one started`,
      { cause: error },
    );
  }
  return given;
}

function takesConnections(address: Address): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(address);
  socket.setTimeout(ANSWER_WITHIN_MS, () => reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)));
  socket.once("connect", () => resolve());
  socket.once("error", reject);
  return promise.finally(() => socket.destroy());
}
