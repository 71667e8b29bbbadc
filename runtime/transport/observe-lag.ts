import type { ModuleFacts } from "../module.ts";
import { consumerLag } from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { Transport } from "./port.ts";

/** Tells whoever asks for metrics how far each module's consumer group is behind, where something lies in between. */
export function observeLag(
  metrics: Metrics,
  transport: Transport,
  modules: readonly Pick<ModuleFacts, "name" | "topics">[],
) {
  if (transport.lag === undefined) return;
  for (const { name, topics } of modules) {
    if (topics.subscribes.length === 0) continue;
    const values = { module: [name], topic: topics.subscribes.map((topic) => topic.name) };
    const gauge = metrics.gauge(consumerLag, values);
    metrics.observe(async () => {
      const lags = (await transport.lag?.(name)) ?? [];
      return lags.map(({ topic, records }) => ({ series: gauge.series({ module: name, topic }), value: records }));
    });
  }
}
