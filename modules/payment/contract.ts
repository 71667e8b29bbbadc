/** All that other modules may know of `payment`. Commands and events are keyed by order id. */
import * as z from "zod";
import { defineCommands, defineEvents } from "../../runtime/messages/contract.ts";
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
