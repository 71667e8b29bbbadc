import type { Activity } from "../activity/port.ts";
import { version } from "../build-info.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { Health } from "../http/health.ts";
import type { Instance } from "../instance.ts";

/** What this process says of itself, now and later. */
export function describeInstance(
  config: PlatformConfig<string>,
  health: Health,
  activity: Pick<Activity, "isActive">,
  start: { readonly id: string; readonly atMs: number; readonly hasEdge: boolean },
): () => Instance {
  const fixed = {
    id: start.id,
    version,
    startedAt: new Date(start.atMs).toISOString(),
    modules: config.modules,
    edge: start.hasEdge,
    transport: config.transport,
    cache: config.redisUrl === null ? ("memory" as const) : ("redis" as const),
  };
  return () => ({
    ...fixed,
    ready: health.reasons().length === 0,
    active: activity.isActive(),
    parts: health.parts(),
  });
}
