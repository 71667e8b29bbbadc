/**
 * One platform for all journeys that neither stop it nor damage its data: a start of its own costs each of them seconds,
 * in some shapes ten. Whoever counts a stock takes a SKU that no journey near it orders: what an order holds may come back
 * after its journey has ended. Whoever counts none may take SKU-016. All leave the platform running.
 */
import { atEndOfRun } from "../end-of-run.ts";
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

/** Starts it when it is first asked for. */
export function sharedPlatform(): Promise<TestPlatform> {
  if (started === undefined) {
    const starting = startTestPlatform(SHARED_SETTINGS);
    started = starting;
    atEndOfRun(async () => (await starting).stop());
  }
  return started;
}
