/**
 * One platform for all journeys that neither stop it nor damage its data: a start of its own costs each of them seconds,
 * in some shapes ten. Whoever counts a stock takes a SKU that no journey near it orders: what an order holds may come back
 * after its journey has ended. Whoever counts none may take SKU-016. All leave the platform running.
 */
import { atEndOfRun } from "../end-of-run.ts";
import { type OtlpRecorder, recordOtlp } from "./otlp-recorder.ts";
import { startTestPlatform, type TestPlatform } from "./platform.ts";

/** What providers and carriers sign with: the present secret and the one before. */
export const WEBHOOK_SECRETS = ["the-secret-of-today", "the-secret-of-yesterday"];

/** Short waits, so that a journey can see them end; long enough for an answer in time. */
export const SHARED_SETTINGS = {
  PAYMENT_ANSWER_TIMEOUT_MS: "1500",
  PAYMENT_RETRY_FOR_MS: "2000",
  CUSTOMER_ACTION_TIMEOUT_MS: "4000",
  RETURN_WINDOW_MS: "6000",
  CARRIER_RETURN_MS: "200",
  PAYMENT_WEBHOOK_SECRETS: WEBHOOK_SECRETS.join(),
  DELIVERY_WEBHOOK_SECRETS: WEBHOOK_SECRETS.join(),
};

let started: Promise<TestPlatform> | undefined;
let recorder: OtlpRecorder | undefined;

/** Every journey is traced that does not ask not to be, and what is told of it comes here. */
export function sharedRecorder(): OtlpRecorder {
  if (recorder === undefined) {
    recorder = recordOtlp();
    atEndOfRun(async () => recorder?.stop());
  }
  return recorder;
}

const TRACED = { OTEL_TRACES_SAMPLER: "parentbased_always_on", OTEL_BSP_SCHEDULE_DELAY: "200", TRACES_KEPT: "2000" };

/** Starts it when it is first asked for. */
export function sharedPlatform(): Promise<TestPlatform> {
  if (started === undefined) {
    const starting = startTestPlatform({
      ...SHARED_SETTINGS,
      ...TRACED,
      OTEL_EXPORTER_OTLP_ENDPOINT: sharedRecorder().url,
    });
    started = starting;
    atEndOfRun(async () => (await starting).stop());
  }
  return started;
}
