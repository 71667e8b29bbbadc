/** All that other modules may know of `payment`. Commands and events are keyed by order id. */
import * as z from "zod";
import { defineCommands, defineEvents } from "../../runtime/messages/contract.ts";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";

export const paymentCommands = defineCommands("payment", {
  /** Authorise the exact amount. `attempt` grows only after the provider has reported a void or a decline. */
  AuthorisePayment: z.object({
    attempt: z.int().positive(),
    customerId: z.string(),
    amount: minorUnitsSchema,
    currency: currencySchema,
    token: z.string(),
  }),
  VoidPayment: z.object({}),
});

export const paymentEvents = defineEvents("payment", {
  PaymentAuthorised: z.object({ amount: minorUnitsSchema, currency: currencySchema }),
  PaymentDeclined: z.object({
    reason: z.enum(["payment_declined", "payment_timeout", "payment_unavailable"]),
    detail: z.string().optional(),
  }),
  PaymentVoided: z.object({}),
});

/** What reconcile may know of an order's payment. Amounts are in minor units of `currency`. */
export const paymentFacts = defineFacts(
  "payment",
  z.object({
    status: z.string(),
    currency: z.string(),
    amount: z.int(),
    authorised: z.int(),
    captured: z.int(),
    refunded: z.int(),
    /** The provider is being asked for something. */
    working: z.boolean(),
    /** Effective charges in the provider's own books; null where it does not open them. */
    charges: z.array(z.object({ key: z.string(), amount: z.int(), currency: z.string() })).nullable(),
  }),
);
