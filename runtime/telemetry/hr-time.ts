import type { HrTime } from "@opentelemetry/api";

/** Milliseconds as OpenTelemetry's SDK has them: seconds and nanoseconds. */
export function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
