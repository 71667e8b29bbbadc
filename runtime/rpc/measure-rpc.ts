/** Rate, errors and duration of each method, as whoever asks sees it and as whoever answers does. */
import { rpcClientDuration, rpcServerDuration } from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { HistogramSeries } from "../telemetry/metrics/series.ts";
import { isAway } from "./direct.ts";
import { methodName, type RpcClient, type RpcHandler } from "./port.ts";

const ASKED = ["answered", "unavailable"] as const;
const SERVED = ["answered", "unavailable", "failed"] as const;

/** The methods that this process may ask: of any other it is told as `other`. */
export function declareAskedMethods(metrics: Metrics, methods: readonly string[]): void {
  metrics.histogram(rpcClientDuration, { method: methods, outcome: ASKED });
}

/** The client, measured where there are metrics. */
export function measuredClient(client: RpcClient, metrics: Metrics | undefined): RpcClient {
  if (metrics === undefined) return client;
  const instrument = metrics.histogram(rpcClientDuration, { method: [], outcome: ASKED });
  const outcomes = ASKED.map((outcome) => seriesBy((method: string) => instrument.series({ method, outcome })));
  const [answered, unavailable] = outcomes;
  return {
    async call(method, request, options) {
      const begunSeconds = metrics.seconds();
      let ended = unavailable;
      try {
        const answer = await client.call(method, request, options);
        ended = answered;
        return answer;
      } finally {
        ended?.(methodName(method)).record(metrics.seconds() - begunSeconds);
      }
    },
  };
}

/** The handlers, measured where there are metrics: whoever asks, from this process or another. */
export function measuredHandlers(handlers: readonly RpcHandler[], metrics: Metrics | undefined): readonly RpcHandler[] {
  if (metrics === undefined) return handlers;
  const instrument = metrics.histogram(rpcServerDuration, { method: handlers.map(methodName), outcome: SERVED });
  return handlers.map((handler) => {
    const method = methodName(handler);
    const series = seriesBy((outcome: (typeof SERVED)[number]) => instrument.series({ method, outcome }));
    return {
      ...handler,
      async answer(request) {
        const begunSeconds = metrics.seconds();
        let outcome: (typeof SERVED)[number] = "answered";
        try {
          return await handler.answer(request);
        } catch (error) {
          outcome = isAway(error) ? "unavailable" : "failed";
          throw error;
        } finally {
          series(outcome).record(metrics.seconds() - begunSeconds);
        }
      },
    };
  });
}

/** Each series is looked up once. */
function seriesBy<Key>(create: (key: Key) => HistogramSeries): (key: Key) => HistogramSeries {
  const made = new Map<Key, HistogramSeries>();
  return (key) => {
    let series = made.get(key);
    if (series === undefined) {
      series = create(key);
      made.set(key, series);
    }
    return series;
  };
}
