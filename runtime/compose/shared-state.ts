import { openMemory } from "../cache/memory.ts";
import type { SharedState } from "../cache/port.ts";
import { systemClock } from "../clock.ts";
import { readSettingFile } from "../config/setting-file.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { Health } from "../http/health.ts";
import { createIds } from "../ids.ts";
import type { Log } from "../log.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";

/** Entries of a cache in memory, where this process alone writes to its databases. */
const MEMORY_ENTRIES = 500;

/** Redis where it is given; it decides nothing, so its absence is only told. Else memory, for a process that is alone. */
export async function openSharedState(
  config: PlatformConfig<string>,
  health: Health,
  log: Log,
  isAlone: boolean,
): Promise<SharedState> {
  const { redisUrl, redisCaFile } = config;
  if (redisUrl === null)
    return openMemory({ clock: systemClock, scheduler, mostEntries: isAlone ? MEMORY_ENTRIES : 0 });
  const { openRedis } = await import("../cache/redis.ts");
  const { parseRedisUrl } = await import("../cache/redis-url.ts");
  const random = systemRandom();
  return openRedis({
    target: parseRedisUrl(
      redisUrl.open(),
      redisCaFile === null ? undefined : readSettingFile("REDIS_CA_FILE", redisCaFile),
    ),
    scheduler,
    random,
    ids: createIds(systemClock, random),
    condition(problem) {
      if (problem === null) {
        health.up("redis");
        log("info", "redis.there", {});
      } else {
        health.impaired("redis", problem);
        log("warn", "redis.away", { error: problem });
      }
    },
  });
}
