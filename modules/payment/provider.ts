/**
 * The port to whoever moves the money. Every call carries a key that the provider remembers: the same key never
 * charges, captures or refunds twice, and an authorisation that was voided can never charge any more, even if it
 * arrives later. An authorisation is named by the key that it was asked for with; only a capture takes its money.
 * Rejections: `NothingHappened` when that is certain; anything else leaves the outcome unknown.
 */
import * as z from "zod";
import { defineCall } from "../../runtime/messages/call.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";

const sum = { amount: minorUnitsSchema, currency: currencySchema };

const authoriseRequest = z.object({ key: z.string(), ...sum, token: z.string() });
const keyRequest = z.object({ key: z.string() });
/** `key` names this capture or refund, `authorisation` what it is of. */
const moveRequest = z.object({ key: z.string(), authorisation: z.string(), ...sum });

const verdicts = {
  authorised: z.object({ result: z.literal("authorised"), reference: z.string() }),
  declined: z.object({ result: z.literal("declined"), detail: z.string() }),
  /** Not decided: the customer has to do something at `url` first. Whether it was done has to be asked for. */
  actionRequired: z.object({ result: z.literal("action_required"), url: z.string() }),
  voided: z.object({ result: z.literal("voided") }),
  captured: z.object({ result: z.literal("captured") }),
  refunded: z.object({ result: z.literal("refunded") }),
  /** For good: the same key would be refused again, also one that is still on its way. */
  refused: z.object({ result: z.literal("refused"), detail: z.string() }),
  /** The provider has never seen the key. */
  none: z.object({ result: z.literal("none") }),
};

const authoriseAnswer = z.discriminatedUnion("result", [
  verdicts.authorised,
  verdicts.declined,
  verdicts.actionRequired,
  verdicts.voided,
]);
const inquireAnswer = z.discriminatedUnion("result", [...authoriseAnswer.options, verdicts.captured, verdicts.none]);
const captureAnswer = z.discriminatedUnion("result", [verdicts.captured, verdicts.refused]);
const voidAnswer = z.discriminatedUnion("result", [verdicts.voided, verdicts.captured]);
const refundAnswer = z.discriminatedUnion("result", [verdicts.refunded, verdicts.refused]);

export type AuthoriseRequest = z.infer<typeof authoriseRequest>;
export type MoveRequest = z.infer<typeof moveRequest>;
export type Verdict = z.infer<typeof authoriseAnswer>;
/** What became of an authorisation. */
export type Standing = z.infer<typeof inquireAnswer>;
export type CaptureVerdict = z.infer<typeof captureAnswer>;
export type VoidVerdict = z.infer<typeof voidAnswer>;
export type RefundVerdict = z.infer<typeof refundAnswer>;

export interface PaymentProvider {
  authorise(request: AuthoriseRequest, signal: AbortSignal): Promise<Verdict>;
  /** What became of an authorisation, and of what was done with it. */
  inquire(key: string, signal: AbortSignal): Promise<Standing>;
  /** Takes the whole authorised amount. */
  capture(request: MoveRequest, signal: AbortSignal): Promise<CaptureVerdict>;
  /** Undoes an authorisation, now or whenever it arrives; `captured`: too late, its money is taken. Repeating it changes nothing. */
  void(key: string, signal: AbortSignal): Promise<VoidVerdict>;
  /** Gives back a part of what was captured, or all of it. */
  refund(request: MoveRequest, signal: AbortSignal): Promise<RefundVerdict>;
  /** What its own books say was charged for each of these orders and not given back in full, where it opens them. */
  effectiveCharges?(orderIds: readonly string[]): Promise<ReadonlyMap<string, readonly Charge[]>>;
}

/** An authorisation in the provider's books, and what was done with it. */
export interface Charge {
  readonly key: string;
  readonly amount: number;
  readonly captured: number;
  readonly refunded: number;
  readonly currency: string;
}

/** As the service map names it. */
const PEER = "payment-provider";

export const authoriseCall = defineCall({
  kind: "authorise",
  peer: PEER,
  request: authoriseRequest,
  answer: authoriseAnswer,
  afterCrash: "ask",
});

export const inquireCall = defineCall({
  kind: "inquire",
  peer: PEER,
  request: keyRequest,
  answer: inquireAnswer,
  afterCrash: "repeat",
});

export const captureCall = defineCall({
  kind: "capture",
  peer: PEER,
  request: moveRequest,
  answer: captureAnswer,
  afterCrash: "ask",
});

export const voidCall = defineCall({
  kind: "void",
  peer: PEER,
  request: keyRequest,
  answer: voidAnswer,
  afterCrash: "repeat",
});

/** Repeated under its key when its outcome is unknown: the provider has entered that key once or not at all. */
export const refundCall = defineCall({
  kind: "refund",
  peer: PEER,
  request: moveRequest,
  answer: refundAnswer,
  afterCrash: "repeat",
});

/** A name of its own: a release that knows of no manual refunds would take the outcome for that of `order`'s refund. */
export const manualRefundCall = defineCall({ ...refundCall, kind: "manual_refund" });
