/** What no decision on a payment may break, whichever command or answer it follows. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import type { Payment } from "./payment.ts";

/** Never more refunded than captured, captured than authorised, authorised than asked; what was asked stays as it was. */
export const paymentInvariants: DecisionInvariants<Payment> = (before, { state }) => {
  if (state === undefined) return;
  const { orderId, amount, authorised, captured, refunded } = state;
  invariant(
    0 <= refunded && refunded <= captured && captured <= authorised && authorised <= amount,
    () => `payment of ${orderId}: ${refunded} refunded, ${captured} captured, ${authorised} authorised of ${amount}`,
  );
  invariant(
    [amount, authorised, captured, refunded].every(Number.isSafeInteger),
    () => `payment of ${orderId}: an amount is not a whole number`,
  );
  if (before === undefined) return;
  invariant(
    amount === before.amount && state.currency === before.currency && state.token === before.token,
    () => `payment of ${orderId}: what is to be paid was frozen when it was asked for`,
  );
};
