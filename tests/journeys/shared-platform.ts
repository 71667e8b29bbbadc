/**
 * One platform for all journeys that neither stop it nor damage its data: a start of its own costs each of them seconds,
 * in some shapes ten. Whoever uses it takes a SKU that nobody else counts, and leaves it running.
 */
import { atEndOfRun } from "../end-of-run.ts";
import { startTestPlatform, type TestPlatform } from "./platform.ts";

/** Short waits, so that a journey can see them end; long enough for an answer in time. */
export const SHARED_SETTINGS = {
  PAYMENT_ANSWER_TIMEOUT_MS: "1500",
  PAYMENT_RETRY_FOR_MS: "2000",
  CUSTOMER_ACTION_TIMEOUT_MS: "4000",
  RETURN_WINDOW_MS: "6000",
  CARRIER_RETURN_MS: "200",
};

let started: Promise<TestPlatform> | undefined;

/** Starts it when it is first asked for. */
export function sharedPlatform(): Promise<TestPlatform> {
  if (started === undefined) {
    const starting = startTestPlatform(SHARED_SETTINGS);
    started = starting;
    atEndOfRun(async () => (await starting).stop());
  }
  return started;
}
