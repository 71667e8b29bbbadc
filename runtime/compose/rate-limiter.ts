import { createMemoryBudgets } from "../cache/memory-budgets.ts";
import type { SharedState } from "../cache/port.ts";
import { systemClock } from "../clock.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { HttpDeps } from "../http/mount.ts";
import { createRateLimiter } from "../http/rate-limit.ts";

/** Limits what the public port is asked, where the configuration says so. */
export function openRateLimiter(
  config: PlatformConfig<string>,
  current: () => PlatformConfig<string>,
  { budgets }: Pick<SharedState, "budgets">,
): Pick<HttpDeps, "rateLimiter"> {
  if (!config.rateLimits) return {};
  const rates = () => {
    const now = current();
    return {
      reads: now.rateLimitReads,
      writes: now.rateLimitWrites,
      address: now.rateLimitAddress,
      unauthenticated: now.rateLimitUnauthenticated,
      webhooks: now.rateLimitWebhooks,
    };
  };
  return {
    rateLimiter: createRateLimiter({
      clock: systemClock,
      rates,
      // On a development machine, which need not say, there are none.
      trustedProxies: config.trustedProxies ?? 0,
      shared: budgets,
      own: createMemoryBudgets(systemClock),
    }),
  };
}
