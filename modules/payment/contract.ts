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
  /** Take everything that was authorised: the parcel is about to leave. */
  CapturePayment: z.object({}),
  /** Undo the payment: void what is authorised, give back what was captured already. */
  VoidPayment: z.object({}),
  /** Give back everything that was captured and not refunded yet. */
  RefundPayment: z.object({}),
});

export const paymentEvents = defineEvents("payment", {
  PaymentAuthorised: z.object({ amount: minorUnitsSchema, currency: currencySchema }),
  PaymentDeclined: z.object({
    reason: z.enum(["payment_declined", "payment_timeout", "payment_unavailable"]),
    detail: z.string().optional(),
  }),
  /** Told before the decision: the customer has to do something at `url`. */
  PaymentActionRequired: z.object({ url: z.string() }),
  PaymentCaptured: z.object({ amount: minorUnitsSchema, currency: currencySchema }),
  /** `authorisation_expired`: nothing was captured, and nothing will be; `capture_refused`: it may be asked for again. */
  PaymentCaptureFailed: z.object({ reason: z.enum(["authorisation_expired", "capture_refused"]) }),
  /** Answers VoidPayment where nothing was captured. */
  PaymentVoided: z.object({}),
  /** Money went back: on VoidPayment, on RefundPayment, or by an operator. Nothing is left to refund: `refunded = captured`. */
  PaymentRefunded: z.object({
    amount: minorUnitsSchema,
    refunded: minorUnitsSchema,
    captured: minorUnitsSchema,
    currency: currencySchema,
  }),
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
    /** Given back while the sale stands; a part of `refunded`. */
    manuallyRefunded: z.int().default(0),
    /** The provider is being asked for something. */
    working: z.boolean(),
    /** Effective charges in the provider's own books; null where it does not open them. */
    charges: z.array(z.object({ key: z.string(), amount: z.int(), currency: z.string() })).nullable(),
  }),
);
