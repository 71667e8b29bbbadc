/** What reconcile learns of payments: the module's own rows, and what the provider's books say of the same orders. */
import type { z } from "zod";
import type { paymentFacts } from "./contract.ts";
import type { Payment } from "./payment.ts";
import type { Charge, PaymentProvider } from "./provider.ts";

type Facts = NonNullable<z.infer<typeof paymentFacts.response>["items"][number]["aggregate"]>;

/** One page of payments with the provider's charges for them. */
export async function factsOf(provider: PaymentProvider, payments: readonly Payment[]): Promise<Facts[]> {
  const books = await provider.effectiveCharges?.(payments.map(({ orderId }) => orderId));
  return payments.map((payment) => ({
    status: payment.status,
    currency: payment.currency,
    amount: payment.amount,
    authorised: payment.authorised,
    captured: payment.captured,
    refunded: payment.refunded,
    manuallyRefunded: payment.manuallyRefunded,
    working: payment.work !== "none",
    charges: books === undefined ? null : (books.get(payment.orderId) ?? []).map(effective),
  }));
}

/** What a charge takes from the customer as it stands: what may still be captured, or what was and did not go back. */
const effective = ({ key, amount, captured, refunded, currency }: Charge) => ({
  key,
  amount: captured === 0 ? amount : captured - refunded,
  currency,
});
