/**
 * Stands for CloudWatch in the analysis that follows a promotion: answers in the shape of its GetMetricData, so that the
 * template's own condition judges it. What the query itself would find is not shown by this.
 */
export interface FailureRate {
  readonly url: string;
  /** The share of requests that fail from now on, between 0 and 1. */
  set(share: number): void;
  stop(): Promise<void>;
}

/** Starts with none that fails. */
export function startFailureRate(): FailureRate {
  let share = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      const result = { Id: "failed", Label: "failed", StatusCode: "Complete", Values: [share], Timestamps: [] };
      return Response.json({ MetricDataResults: [result] });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    set(next) {
      share = next;
    },
    stop: () => server.stop(true),
  };
}
