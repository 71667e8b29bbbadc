/** Rate, errors and duration of each route. */
import { requestDuration, requestsTurnedAway } from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { HistogramSeries } from "../telemetry/metrics/series.ts";
import type { RouteSpec } from "./route.ts";

const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** Measures what answers a route's requests, where there are metrics. */
export function measureRequests<Asked>(
  answer: (asked: Asked) => Promise<Response>,
  { path, method }: Pick<RouteSpec, "path" | "method">,
  module: string,
  metrics: Metrics | undefined,
): (asked: Asked) => Promise<Response> {
  if (metrics === undefined) return answer;
  const values = { module: [module], route: [path], method: [method], status: STATUS_CLASSES };
  const instrument = metrics.histogram(requestDuration, values);
  const classes: (HistogramSeries | undefined)[] = [];
  return async (asked) => {
    const begunSeconds = metrics.seconds();
    let status = 500;
    try {
      const response = await answer(asked);
      status = response.status;
      return response;
    } finally {
      const place = Math.floor(status / 100) - 1;
      classes[place] ??= instrument.series({ module, route: path, method, status: STATUS_CLASSES[place] ?? "other" });
      classes[place].record(metrics.seconds() - begunSeconds);
    }
  };
}

/** The same, counting what it turns away: such requests come to no route. */
export function countTurnedAway(
  turnedAway: (request: Request) => Response | undefined,
  metrics: Metrics,
): (request: Request) => Response | undefined {
  const turned = metrics.counter(requestsTurnedAway, {}).series({});
  return (request) => {
    const response = turnedAway(request);
    if (response !== undefined) turned.add(1);
    return response;
  };
}
