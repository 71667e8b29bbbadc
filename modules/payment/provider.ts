/**
 * The port to whoever moves the money. Every call carries a key that the provider remembers: the same key never
 * charges twice, and a key that was voided can never charge any more, even if its authorisation arrives later.
 * Rejections: `NothingHappened` when that is certain; anything else leaves the outcome unknown.
 */
import * as z from "zod";
import { defineCall } from "../../runtime/messages/call.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";

const authoriseRequest = z.object({
  key: z.string(),
  amount: minorUnitsSchema,
  currency: currencySchema,
  token: z.string(),
});

const verdict = z.discriminatedUnion("result", [
  z.object({ result: z.literal("authorised"), reference: z.string() }),
  z.object({ result: z.literal("declined"), detail: z.string() }),
  z.object({ result: z.literal("voided") }),
]);

export type AuthoriseRequest = z.infer<typeof authoriseRequest>;
export type Verdict = z.infer<typeof verdict>;

export interface PaymentProvider {
  authorise(request: AuthoriseRequest, signal: AbortSignal): Promise<Verdict>;
  /** What became of a key; `none` when the provider has never seen it. */
  inquire(key: string, signal: AbortSignal): Promise<Verdict | { readonly result: "none" }>;
  /** Undoes what the key did, now or whenever it arrives. Repeating it changes nothing. */
  void(key: string, signal: AbortSignal): Promise<void>;
  /** What its own books say was taken for each of these orders and not given back, where it opens them. */
  effectiveCharges?(orderIds: readonly string[]): Promise<ReadonlyMap<string, readonly Charge[]>>;
}

export interface Charge {
  readonly key: string;
  readonly amount: number;
  readonly currency: string;
}

const keyRequest = z.object({ key: z.string() });

export const authoriseCall = defineCall({
  kind: "authorise",
  request: authoriseRequest,
  answer: verdict,
  afterCrash: "ask",
});

export const inquireCall = defineCall({
  kind: "inquire",
  request: keyRequest,
  answer: z.discriminatedUnion("result", [...verdict.options, z.object({ result: z.literal("none") })]),
  afterCrash: "repeat",
});

export const voidCall = defineCall({
  kind: "void",
  request: keyRequest,
  answer: z.object({}),
  afterCrash: "repeat",
});
