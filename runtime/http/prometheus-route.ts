import type { CollectedMetrics } from "../telemetry/metrics/metrics.ts";
import { PROMETHEUS_TYPE, prometheusText } from "../telemetry/metrics/prometheus.ts";
import { type Route, route } from "./route.ts";

/** `GET /metrics`, for the internal port: what Prometheus, or a collector's receiver for it, scrapes. */
export const prometheusRoute = (metrics: CollectedMetrics): Route =>
  route({
    method: "GET",
    path: "/metrics",
    rights: { callers: "anyone", object: "shared" },
    rateLimit: "none",
    tag: "telemetry",
    summary: "The metrics of this process, in Prometheus's text format",
    responses: { 200: { description: "All of them.", mediaType: PROMETHEUS_TYPE } },
    handle: async () => {
      const text = prometheusText(await metrics.collect());
      return {
        response: new Response(text, { headers: { "content-type": PROMETHEUS_TYPE, "cache-control": "no-store" } }),
      };
    },
  });
