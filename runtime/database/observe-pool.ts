import { connections, connectionsAwaited, connectionsMost } from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { Database } from "./port.ts";

/** Tells whoever asks for metrics how a database's pool is used; `pool` is its schema. */
export function observePool(metrics: Metrics, pool: string, database: Database): void {
  const own = { pool: [pool] };
  const open = metrics.gauge(connections, { ...own, state: ["used", "idle"] });
  const used = open.series({ pool, state: "used" });
  const idle = open.series({ pool, state: "idle" });
  const most = metrics.gauge(connectionsMost, own).series({ pool });
  const awaited = metrics.gauge(connectionsAwaited, own).series({ pool });
  metrics.observe(() => {
    const use = database.poolUse?.();
    if (use === undefined) return [];
    return [
      { series: used, value: use.used },
      { series: idle, value: use.idle },
      { series: most, value: use.most },
      { series: awaited, value: use.waiting },
    ];
  });
}
