import { type Activity, ALWAYS_ACTIVE } from "../activity/port.ts";
import { createRolloutActivity } from "../activity/rollout-activity.ts";
import { watchService } from "../activity/watch-service.ts";
import { systemClock } from "../clock.ts";
import { kubernetesUrl } from "../config/activity-settings.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { Health } from "../http/health.ts";
import type { Log } from "../log.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { processActive } from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";

export interface OpenedActivity {
  readonly activity: Activity;
  stop(): Promise<void>;
}

/** A pod that has never heard what the Service selects counts as active after so long. */
const GRACE_MS = 10_000;
/** How long a watch lasts, at most; with its late end and two answers it is shorter than the usual overlap. */
const ROUND_MS = 15_000;
const SHORTEST_ROUND_MS = 1_000;
const PART = "activity";

/** Whether this process is of the active colour, where it has one; it begins to find out at once. */
export function openActivity(
  config: PlatformConfig<string>,
  { health, metrics, log }: { readonly health: Health; readonly metrics: Metrics; readonly log: Log },
): OpenedActivity {
  const opened = watchedActivity(config, health, log) ?? { activity: ALWAYS_ACTIVE, stop: async () => undefined };
  const gauge = metrics.gauge(processActive, {}).series({});
  metrics.observe(() => [{ series: gauge, value: opened.activity.isActive() ? 1 : 0 }]);
  return opened;
}

function watchedActivity(config: PlatformConfig<string>, health: Health, log: Log): OpenedActivity | undefined {
  const { activeService: service, podTemplateHash: ownHash, podNamespace: namespace, activeOverlapMs } = config;
  if (service === null) return undefined;
  const url = kubernetesUrl(config);
  // The configuration is refused before this where one is missing.
  if (ownHash === null || namespace === null || url === null)
    throw new StartError("ACTIVE_SERVICE lacks its settings.");
  const activity = createRolloutActivity({
    ownHash,
    overlapMs: activeOverlapMs,
    graceMs: GRACE_MS,
    scheduler,
    log,
    condition: (problem) => (problem === null ? health.up(PART) : health.impaired(PART, problem)),
  });
  const watch = watchService({
    url,
    namespace,
    service,
    tokenFile: config.kubernetesTokenFile,
    caFile: config.kubernetesCaFile,
    roundMs: Math.min(ROUND_MS, Math.max(SHORTEST_ROUND_MS, activeOverlapMs / 2)),
    clock: systemClock,
    scheduler,
    random: systemRandom(),
    listener: activity,
  });
  activity.start();
  watch.start();
  return {
    activity,
    async stop() {
      activity.stop();
      await watch.stop();
    },
  };
}
