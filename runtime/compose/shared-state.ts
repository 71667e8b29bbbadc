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
import { openRedisLogin } from "./iam-logins.ts";

/** Entries of a cache in memory, where this process alone writes to its databases. */
const MEMORY_ENTRIES = 500;

/** ElastiCache ends a connection 12 h after its login by IAM, unless it logs in again on it. */
const ELASTICACHE_LOGIN_MS = 11 * 3_600_000;

/** Redis where it is given; it decides nothing, so its absence is only told. Else memory, for a process that is alone. */
export async function openSharedState(
  config: PlatformConfig<string>,
  current: () => PlatformConfig<string>,
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
  const ca = redisCaFile === null ? undefined : readSettingFile("REDIS_CA_FILE", redisCaFile);
  const byToken = await openRedisLogin(config);
  const targetNow = () => parseRedisUrl((current().redisUrl ?? redisUrl).open(), ca, byToken !== undefined);
  return openRedis({
    target: targetNow(),
    async login() {
      const { user, password } = targetNow();
      return { user, password: byToken === undefined || user === null ? password : await byToken(user) };
    },
    ...(byToken && { loginLastsMs: ELASTICACHE_LOGIN_MS }),
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
