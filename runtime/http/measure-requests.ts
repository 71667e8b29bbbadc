/** Rate, errors and duration of each route. */
import { requestDuration, requestsTurnedAway } from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { HistogramSeries } from "../telemetry/metrics/series.ts";
import type { RouteSpec } from "./route.ts";

const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** Measures what answers a route's requests; without metrics it only does it. */
export function requestMeasure(
  metrics: Metrics | undefined,
  { tag = "edge", path, method }: RouteSpec,
): (answer: () => Promise<Response>) => Promise<Response> {
  if (metrics === undefined) return (answer) => answer();
  const values = { module: [tag], route: [path], method: [method], status: STATUS_CLASSES };
  const instrument = metrics.histogram(requestDuration, values);
  const classes: (HistogramSeries | undefined)[] = [];
  return async (answer) => {
    const begun = metrics.seconds();
    let status = 500;
    try {
      const response = await answer();
      status = response.status;
      return response;
    } finally {
      const place = Math.floor(status / 100) - 1;
      classes[place] ??= instrument.series({
        module: tag,
        route: path,
        method,
        status: STATUS_CLASSES[place] ?? "other",
      });
      classes[place].record(metrics.seconds() - begun);
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
