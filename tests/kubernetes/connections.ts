/** How many connections to its databases a process of some modules opens at most, counted as it is put together. */
import { ALWAYS_ACTIVE } from "../../runtime/activity/port.ts";
import { openMemory } from "../../runtime/cache/memory.ts";
import { systemClock as clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { POOL_SIZE } from "../../runtime/database/postgres.ts";
import { sameDeadlines } from "../../runtime/deadlines.fixture.ts";
import { createIds } from "../../runtime/ids.ts";
import { DEFAULT_LANE_LIMITS } from "../../runtime/messages/lane.ts";
import { DEFAULT_RETENTION } from "../../runtime/messages/retention.ts";
import type { Module } from "../../runtime/module.ts";
import { createProcess } from "../../runtime/process.ts";
import { systemRandom } from "../../runtime/random.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { createInProcessTransport } from "../../runtime/transport/inprocess.ts";

/** By module: a pool for each schema, and a connection for each lane. Nothing is started, and nothing connects. */
export function connectionsOf(modules: readonly Module[]): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  const add = (module: string, connections: number) => counted.set(module, (counted.get(module) ?? 0) + connections);
  const never = () => Promise.reject(new Error("it is counted, not run"));
  const database = (module: string): Database => {
    add(module, POOL_SIZE);
    return {
      query: never,
      lane() {
        add(module, 1);
        return { run: never, begin: never, close: async () => undefined };
      },
      close: async () => undefined,
    };
  };
  createProcess({
    modules,
    clock,
    scheduler,
    ids: createIds(clock, systemRandom()),
    transport: createInProcessTransport(),
    database,
    activity: ALWAYS_ACTIVE,
    shared: openMemory({ clock, scheduler, mostEntries: 0 }),
    log: () => undefined,
    deadlines: sameDeadlines(1),
    webhooks: () => ({ secrets: () => [], simulatedCopies: 0 }),
    exclusive: () => false,
    condition: () => undefined,
    limits: DEFAULT_LANE_LIMITS,
    leaseMs: 1,
    renewMs: 1,
    pollMs: 1,
    callConcurrency: 1,
    retention: DEFAULT_RETENTION,
    streamLimit: 1,
    streamLimitPerCaller: 1,
  });
  return counted;
}
