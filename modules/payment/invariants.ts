/** What no decision on a payment may break, whichever command or answer it follows. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import { type Payment, type PaymentStatus, paymentTransitions, workIn } from "./payment.ts";

/** Which amounts each status stands for, beside those of every payment. */
const MEANS: Readonly<Record<PaymentStatus, (payment: Payment) => boolean>> = {
  PENDING: ({ authorised }) => authorised === 0,
  REQUIRES_ACTION: ({ authorised }) => authorised === 0,
  AUTHORISED: ({ authorised, captured, amount }) => authorised === amount && captured === 0,
  CAPTURED: ({ captured, authorised, refunded }) => captured === authorised && refunded === 0,
  PARTIALLY_REFUNDED: ({ refunded, captured }) => 0 < refunded && refunded < captured,
  REFUNDED: ({ refunded, captured }) => refunded === captured,
  VOIDED: ({ authorised }) => authorised === 0,
  DECLINED: ({ authorised }) => authorised === 0,
};

/**
 * Never more refunded than captured, captured than authorised, authorised than asked; what was captured or refunded never
 * becomes less, and a status stands for its amounts and follows from the one before.
 */
export const paymentInvariants: DecisionInvariants<Payment> = (before, { state }) => {
  if (state === undefined) return;
  const { orderId, status, work, amount, authorised, captured, refunded } = state;
  invariant(
    0 <= refunded && refunded <= captured && captured <= authorised && authorised <= amount,
    () => `payment of ${orderId}: ${refunded} refunded, ${captured} captured, ${authorised} authorised of ${amount}`,
  );
  const asked = state.refundsAsked.reduce((sum, each) => sum + each, 0);
  // `refund`: a release that knows of no manual ones has begun it meanwhile.
  const isWorkedOn = work === "manual_refund" || work === "refund";
  invariant(
    state.refundsAsked.every((each) => each > 0) && refunded + asked <= captured && (asked === 0 || isWorkedOn),
    () => `payment of ${orderId}: ${asked} more is to go back after ${refunded} of ${captured}, its work is ${work}`,
  );
  invariant(
    0 <= state.manuallyRefunded && state.manuallyRefunded <= refunded,
    () => `payment of ${orderId}: ${state.manuallyRefunded} of ${refunded} refunded manually`,
  );
  invariant(
    !state.paused || (work !== "none" && work !== "await_customer"),
    () => `payment of ${orderId}: a pause in ${work}`,
  );
  invariant(
    [amount, authorised, captured, refunded, asked, state.manuallyRefunded].every(Number.isSafeInteger),
    () => `payment of ${orderId}: an amount is not a whole number`,
  );
  invariant(
    MEANS[status](state),
    () => `payment of ${orderId}: ${status} with ${refunded} refunded, ${captured} captured, ${authorised} authorised`,
  );
  const statuses: readonly PaymentStatus[] = workIn[work];
  invariant(statuses.includes(status), () => `payment of ${orderId}: ${status} while its work is ${work}`);
  if (before === undefined) return;
  invariant(
    status === before.status || paymentTransitions[before.status].includes(status),
    () => `payment of ${orderId}: from ${before.status} to ${status}`,
  );
  invariant(
    captured >= before.captured && refunded >= before.refunded && state.manuallyRefunded >= before.manuallyRefunded,
    () => `payment of ${orderId}: what was captured or refunded became less`,
  );
};
