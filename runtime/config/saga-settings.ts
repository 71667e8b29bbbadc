import { type Settings, setting } from "./load.ts";
import { durationMs, integer } from "./parsers.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const deadline = (env: string, fallback: number, description: string) =>
  setting({ env, parser: durationMs(1, 400 * DAY), fallback, description });

/** Every deadline of the order saga. */
export const sagaSettings = {
  placementDeadlineMs: deadline(
    "PLACEMENT_DEADLINE_MS",
    30 * MINUTE,
    "From placement to the pivot; then everything is undone and the order is EXPIRED.",
  ),
  paymentAnswerTimeoutMs: deadline(
    "PAYMENT_ANSWER_TIMEOUT_MS",
    30 * SECOND,
    "How long a provider may take before it is asked what happened.",
  ),
  paymentRetryForMs: deadline(
    "PAYMENT_RETRY_FOR_MS",
    5 * MINUTE,
    "How long a provider that is down is tried again before payment_unavailable.",
  ),
  paymentActionDeadlineMs: deadline(
    "PAYMENT_ACTION_DEADLINE_MS",
    15 * MINUTE,
    "How long a customer may take over a payment that needs an action.",
  ),
  authorisationValidForMs: deadline(
    "AUTHORISATION_VALID_FOR_MS",
    7 * DAY,
    "How long an authorisation can be captured.",
  ),
  shipmentDeadlineMs: deadline(
    "SHIPMENT_DEADLINE_MS",
    DAY,
    "How long a shipment may fail to be scheduled before the order is cancelled.",
  ),
  returnWindowMs: deadline("RETURN_WINDOW_MS", 14 * DAY, "From delivery to COMPLETED."),
  deliveryAttempts: setting({
    env: "DELIVERY_ATTEMPTS",
    parser: integer(1, 20),
    fallback: 3,
    description: "Failed attempts after which a parcel returns.",
  }),
  carrierFirstMoveMs: deadline(
    "CARRIER_FIRST_MOVE_MS",
    MINUTE,
    "When the simulated carrier first moves a parcel by itself.",
  ),
  couponHoldLimitMs: deadline(
    "COUPON_HOLD_LIMIT_MS",
    5 * MINUTE,
    "How old a coupon's hold may be when its order is placed.",
  ),
  couponHoldCheckAfterMs: deadline(
    "COUPON_HOLD_CHECK_AFTER_MS",
    10 * MINUTE,
    "When a hold without an order is asked about and released.",
  ),
  idempotencyKeptForMs: deadline("IDEMPOTENCY_KEPT_FOR_MS", DAY, "How long the answer to an Idempotency-Key is kept."),
} satisfies Settings;
