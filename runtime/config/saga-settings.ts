import { type Settings, setting } from "./load.ts";
import { durationMs } from "./parsers.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const deadline = (env: string, fallback: number, description: string) =>
  setting({ env, parser: durationMs(1, 400 * DAY), fallback, description });

/** Every deadline of the order saga, and how long answers are remembered. */
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
  idempotencyKeptForMs: setting({
    env: "IDEMPOTENCY_KEPT_FOR_MS",
    parser: durationMs(DAY, 400 * DAY),
    fallback: DAY,
    description: "How long a repeated request gets its first answer; at least a day.",
  }),
} satisfies Settings;
