/**
 * The cache, the hints and the budgets in Redis, on two connections: one for commands, one that listens.
 *
 * An answer that is late counts as none, so a Redis that is away or hangs costs each user a short deadline, and soon
 * nothing. Hints that are told while the listening connection is away are not heard. Nothing is retried here.
 */
import type { Redis } from "ioredis";
import { atMost } from "../deadline.ts";
import type { Ids } from "../ids.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Cache, Hints, SharedState } from "./port.ts";
import { createRedisBudgets, type InTime } from "./redis-budgets.ts";
import { type ConnectionLimits, openRedisConnection, type RedisLogin } from "./redis-connection.ts";
import type { RedisTarget } from "./redis-url.ts";

export interface RedisDeps {
  readonly target: RedisTarget;
  /** As in `RedisConnectionDeps`. */
  readonly login?: RedisLogin;
  readonly loginLastsMs?: number;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly ids: Ids;
  /** Null once Redis is there, else why it is not; only when that has changed. */
  readonly condition: (problem: string | null) => void;
  readonly limits?: Partial<RedisLimits>;
}

export interface RedisLimits extends ConnectionLimits {
  /** A later answer is no answer. */
  readonly answerMs: number;
}

/**
 * Of every key and channel, in a Redis that may serve others as well. Another platform has the same names: each needs a
 * database number of its own. Channels know no number, so hints of the other one are heard, and only wake in vain.
 */
const PREFIX = "genai-demo:";

const LIMITS: RedisLimits = { answerMs: 50, connectMs: 3_000, silenceMs: 1_000, proveEveryMs: 5_000 };

/** Returns without waiting for Redis, which may be away. */
export function openRedis(deps: RedisDeps): SharedState {
  const limits = { ...LIMITS, ...deps.limits };
  const inTime: InTime = (command) => atMost(deps.scheduler, limits.answerMs, command);
  const conditionOf = jointCondition(["commands", "hints"], deps.condition);
  const commands = openRedisConnection({
    ...deps,
    limits,
    // A write, for there are servers that can only be read.
    prove: (client) => client.set(`${PREFIX}proof`, "", "PX", 1),
    renew: "again",
    condition: conditionOf("commands"),
  });
  const { hints, close: endHints } = openHints(commands.client, { ...deps, limits }, conditionOf("hints"));
  return {
    cache: createCache(commands.client, inTime),
    hints,
    budgets: createRedisBudgets(commands.client, PREFIX, inTime),
    close() {
      commands.close();
      endHints();
    },
  };
}

function createCache(client: Redis, inTime: InTime): Cache {
  return {
    get: (key) => inTime(client.get(PREFIX + key)),
    async set(key, text, ttlMs) {
      return (await inTime(client.set(PREFIX + key, text, "PX", Math.max(1, Math.ceil(ttlMs))))) === "OK";
    },
    async remove(keys) {
      return keys.length === 0 || (await inTime(client.del(...keys.map((key) => PREFIX + key)))) !== undefined;
    },
  };
}

/** A hint begins with who told it, for Redis tells it to everybody who listens. */
function openHints(
  teller: Redis,
  deps: RedisDeps & { readonly limits: RedisLimits },
  condition: (problem: string | null) => void,
) {
  const self = `${deps.ids.next()} `;
  const listeners = new Map<string, ((text: string) => void)[]>();
  const connection = openRedisConnection({
    ...deps,
    // Asking for the same channels again changes nothing, and repairs whatever went wrong with them.
    // One that listens may not log in again.
    renew: "reconnect",
    prove: (client) => (listeners.size === 0 ? client.ping() : client.subscribe(...listeners.keys())),
    condition,
  });
  connection.client.on("message", (channel: string, message: string) => {
    if (message.startsWith(self)) return;
    const text = message.slice(self.length);
    // Not here: what a listener throws would be taken for a fault of the connection.
    deps.scheduler.after(0, () => {
      for (const heard of listeners.get(channel) ?? []) heard(text);
    });
  });
  const hints: Hints = {
    tell(channel, text) {
      teller.publish(PREFIX + channel, self + text).catch(() => undefined);
    },
    listen(channel, heard) {
      const name = PREFIX + channel;
      const others = listeners.get(name) ?? [];
      listeners.set(name, [...others, heard]);
      // Where this fails, the next proof asks for it.
      if (others.length === 0) connection.client.subscribe(name).catch(() => undefined);
    },
  };
  const close = () => {
    // Some may be on the way here yet.
    listeners.clear();
    connection.close();
  };
  return { hints, close };
}

/** Tells of several parts as of one: there when all of them are. */
function jointCondition(parts: readonly string[], tell: (problem: string | null) => void) {
  const problems = new Map<string, string | null | undefined>(parts.map((part) => [part, undefined]));
  let wasThere: boolean | undefined;
  return (part: string) => (problem: string | null) => {
    problems.set(part, problem);
    const all = [...problems.values()];
    const worst = all.find((each) => typeof each === "string") ?? (all.includes(undefined) ? undefined : null);
    if (worst === undefined || (worst === null) === wasThere) return;
    wasThere = worst === null;
    tell(worst);
  };
}
