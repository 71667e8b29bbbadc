/**
 * The analysis after a switch: what share of the requests failed, by CloudWatch, for each module of a workload. The metric
 * and its labels are those of k8s/adot-collector/collector.yaml; the account of the rollout controller may read them.
 *
 * Everything that it looks at came after the switch. Below some requests it says nothing: one of three that failed is no
 * reason to go back. Without any request there is no answer at all, which is no reason either.
 */

const NAMESPACE = "genai-demo";
const METRIC = "http.server.request.duration";
const LEAST_REQUESTS = 20;
const MOST_FAILED = 0.01;
/** Points come once a minute and are there to be read a minute or two later. */
const WINDOW_SECONDS = 180;
const MEASUREMENTS = 4;

/** An AnalysisTemplate with a metric a module; called after the workload by k8s/workload/named. */
export const successRate = (modules: readonly string[]) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AnalysisTemplate",
  metadata: {
    name: "workload-success-rate",
    namespace: "genai-demo",
    labels: { "app.kubernetes.io/part-of": "genai-demo" },
  },
  spec: { metrics: modules.map(metricOf) },
});

const metricOf = (module: string) => ({
  name: module,
  initialDelay: `${WINDOW_SECONDS}s`,
  interval: "60s",
  count: MEASUREMENTS,
  failureLimit: 0,
  // CloudWatch throttles, or is away for a moment.
  consecutiveErrorLimit: 3,
  successCondition: `len(result) == 0 || all(result[0].Values, {# <= ${MOST_FAILED}})`,
  provider: {
    cloudWatch: {
      interval: `${WINDOW_SECONDS}s`,
      metricDataQueries: [
        {
          id: "failed",
          // Where nothing failed there is no point at all.
          expression: `IF(requests >= ${LEAST_REQUESTS}, SUM([errors, TIME_SERIES(0)]) / requests, 0)`,
        },
        countOf("requests", [{ name: "module", value: module }]),
        countOf("errors", [
          { name: "module", value: module },
          { name: "status", value: "5xx" },
        ]),
      ],
    },
  },
});

const countOf = (id: string, dimensions: readonly { readonly name: string; readonly value: string }[]) => ({
  id,
  returnData: false,
  metricStat: {
    metric: { namespace: NAMESPACE, metricName: METRIC, dimensions },
    period: WINDOW_SECONDS,
    stat: "SampleCount",
  },
});
