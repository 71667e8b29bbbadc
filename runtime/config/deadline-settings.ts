import { type Settings, setting } from "./load.ts";
import { durationMs } from "./parsers.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const deadline = (env: string, fallback: number, description: string) =>
  setting({ env, parser: durationMs(1, 400 * DAY), fallback, description });

/** How long modules wait, for what, and by default; by the names that they know the waits by (module.ts, Deadlines). */
export const deadlineSettings = {
  placementMs: deadline(
    "PLACEMENT_DEADLINE_MS",
    30 * MINUTE,
    "From placement to the pivot; then everything is undone and the order is EXPIRED.",
  ),
  paymentAnswerMs: deadline(
    "PAYMENT_ANSWER_TIMEOUT_MS",
    30 * SECOND,
    "How long a provider may take before it is asked what happened.",
  ),
  paymentRetryForMs: deadline(
    "PAYMENT_RETRY_FOR_MS",
    5 * MINUTE,
    "How long a provider that is down is tried again before payment_unavailable.",
  ),
  customerActionMs: deadline(
    "CUSTOMER_ACTION_TIMEOUT_MS",
    15 * MINUTE,
    "How long a payment may wait for its customer to act; then payment_timeout.",
  ),
  authorisationMs: deadline(
    "AUTHORISATION_VALID_MS",
    7 * DAY,
    "How long an authorisation can be captured; a capture is retried until then.",
  ),
  shipmentMs: deadline(
    "SHIPMENT_DEADLINE_MS",
    DAY,
    "How long a confirmed order may wait for its shipment to be scheduled; then it is cancelled.",
  ),
  returnWindowMs: deadline(
    "RETURN_WINDOW_MS",
    14 * DAY,
    "How long a delivered order may be returned; then it is COMPLETED.",
  ),
  compensationMs: deadline(
    "COMPENSATION_DEADLINE_MS",
    60 * MINUTE,
    "How long undoing, handing over or giving back may take before the order is in NEEDS_ATTENTION; it goes on all the same.",
  ),
  quoteMs: deadline("QUOTE_LIFETIME_MS", 30 * MINUTE, "How long an order can be placed at the price of a quote."),
  couponHoldMs: deadline(
    "COUPON_HOLD_MS",
    5 * MINUTE,
    "How long after its coupon was held an order may still be placed.",
  ),
  couponOrphanMs: deadline(
    "COUPON_ORPHAN_AFTER_MS",
    10 * MINUTE,
    "How long a coupon is held before `order` is asked whether the order came to be; longer than COUPON_HOLD_MS.",
  ),
  carrierStepMs: setting({
    env: "CARRIER_STEP_MS",
    parser: durationMs(0, 400 * DAY),
    fallback: 0,
    description: "How long the simulated carrier takes for each step of a parcel; 0: nothing moves by itself.",
  }),
  carrierReturnMs: deadline(
    "CARRIER_RETURN_MS",
    2 * SECOND,
    "How long the simulated carrier takes to bring a parcel back.",
  ),
} satisfies Settings;
