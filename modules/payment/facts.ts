/** What reconcile learns of payments: the module's own rows, and what the provider's books say of the same orders. */
import type { z } from "zod";
import type { paymentFacts } from "./contract.ts";
import type { Payment } from "./payment.ts";
import type { PaymentProvider } from "./provider.ts";

type Facts = NonNullable<z.infer<typeof paymentFacts.response>["items"][number]["aggregate"]>;

/** One page of payments with the provider's charges for them. */
export async function factsOf(provider: PaymentProvider, payments: readonly Payment[]): Promise<Facts[]> {
  const books = await provider.effectiveCharges?.(payments.map(({ orderId }) => orderId));
  return payments.map(({ orderId, status, currency, amount, authorised, captured, refunded, work }) => ({
    status,
    currency,
    amount,
    authorised,
    captured,
    refunded,
    working: work !== "none",
    charges: books === undefined ? null : [...(books.get(orderId) ?? [])],
  }));
}
