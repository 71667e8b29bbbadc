/** The two adapters as tests open them: one store, at which each process has its own end. */
import { type ExternalRedis, startExternalRedis } from "../../tests/provision/external-redis.ts";
import { provideOrSkip } from "../../tests/provision/missing.ts";
import { provisionRedis } from "../../tests/provision/redis.ts";
import { systemClock } from "../clock.ts";
import { createIds } from "../ids.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { createMemoryCache, createMemoryHints } from "./memory.ts";
import { createMemoryBudgets } from "./memory-budgets.ts";
import type { SharedState } from "./port.ts";
import { openRedis, type RedisLimits } from "./redis.ts";
import { parseRedisUrl } from "./redis-url.ts";

export interface Adapter {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A process's end; resolves when it can be worked with. */
  open(): Promise<SharedState>;
  /** Lets time go by for what is kept. */
  pass(milliseconds: number): Promise<void>;
}

/** In memory each end has a cache of its own, as each process would. */
export function memoryAdapter(): Adapter {
  let nowMs = 1_000_000;
  const bus = createMemoryHints(scheduler);
  return {
    name: "memory",
    start: async () => undefined,
    stop: async () => undefined,
    async open() {
      const hints = bus.join();
      const clock = { now: () => nowMs };
      const cache = createMemoryCache({ clock, mostEntries: 1_000 });
      return { cache, hints, budgets: createMemoryBudgets(clock), close: hints.leave };
    },
    async pass(milliseconds) {
      nowMs += milliseconds;
    },
  };
}

export function redisAdapter(): Adapter {
  let redis: ExternalRedis | undefined;
  return {
    name: "Redis",
    async start() {
      redis = await startExternalRedis();
    },
    stop: async () => redis?.stop(),
    async open() {
      const end = openEnd(redis?.url ?? "");
      await becameThere(end);
      return end;
    },
    pass: (milliseconds) => scheduler.sleep(milliseconds),
  };
}

/** Whether there is a real Redis for the tests of `what`; says so where there is none. */
export const hasRedis = async (what: string) => (await provideOrSkip(what, provisionRedis)) !== undefined;

export interface End extends SharedState {
  /** What it has told of its Redis. */
  readonly conditions: readonly (string | null)[];
}

const random = systemRandom();
const ids = createIds(systemClock, random);

/** A process's end at a Redis, which is given the time that a busy machine takes unless the limits say otherwise. */
export function openEnd(url: string, limits: Partial<RedisLimits> = {}, ca?: string): End {
  const conditions: (string | null)[] = [];
  const condition = (problem: string | null) => void conditions.push(problem);
  const patient = { answerMs: 10_000, silenceMs: 10_000, ...limits };
  const target = parseRedisUrl(url, ca);
  return { ...openRedis({ target, scheduler, random, ids, condition, limits: patient }), conditions };
}

/** Waits until its Redis can be worked with. */
export const becameThere = (end: End) => until("Redis is there", () => end.conditions.at(-1) === null, 20_000);
