/**
 * Capturing takes the whole authorised amount, once. An unknown outcome is asked for; sent again only when the provider
 * says that nothing was captured, and then under the same key, so a capture that is still on its way is the same one.
 *
 * A provider that is away is tried again until the authorisation expires. Then the authorisation is voided, without end,
 * before the failure is told: only the provider can say that nothing was captured and nothing will be. A void that
 * comes too late finds the money taken, and the capture has succeeded.
 */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import { message } from "../../runtime/messages/contract.ts";
import { type DecisionContext, on } from "../../runtime/messages/decision.ts";
import { paymentCommands, paymentEvents } from "./contract.ts";
import { isUndone, refundRest, voided } from "./giving-back.ts";
import { beginAgain, goOn, known, type Outcome, type Payment, settle, startWork, tryAgain } from "./payment.ts";
import type { CaptureVerdict, Standing, VoidVerdict } from "./provider.ts";

const untilMs = ({ authorisedUntil }: Payment) => authorisedUntil ?? Number.POSITIVE_INFINITY;

const expire = (payment: Payment, now: number) =>
  startWork({ ...payment, voidFor: payment.voidFor ?? "authorisation_expired" }, "void", now);

/** It is to be undone, or can no longer be captured. */
const isOver = (payment: Payment, now: number) => payment.voidFor !== null || now >= untilMs(payment);

/** Captures, unless that is over. */
export const captureUnlessOver = (payment: Payment, now: number): Outcome =>
  isOver(payment, now) ? expire(payment, now) : goOn({ ...payment, work: "capture" }, now);

/** The same after a pause. Certainly nothing was captured, or what was sent and is not there yet has the same key. */
const captureLater = (payment: Payment, now: number): Outcome =>
  isOver(payment, now) ? expire(payment, now) : tryAgain({ ...payment, work: "capture" }, now, untilMs(payment));

const moneyTaken = ({ captured: amount, currency }: Payment) =>
  message(paymentEvents.PaymentCaptured, { amount, currency });

const notCaptured = (reason: "authorisation_expired" | "capture_refused") =>
  message(paymentEvents.PaymentCaptureFailed, { reason });

function captured(payment: Payment, now: number): Outcome {
  const taken: Payment = { ...payment, status: "CAPTURED", captured: payment.authorised, detail: null };
  return isUndone(payment) ? refundRest(taken, now) : settle(taken, now, moneyTaken(taken));
}

/** Handles CapturePayment: each one is answered, at once or when what is under way has ended. */
export const capturePayment = on(
  paymentCommands.CapturePayment,
  (payment: Payment | undefined, _asked, { now }: DecisionContext): Outcome => {
    const present = known(payment);
    const asked: Payment = { ...present, updatedAt: now };
    switch (present.status) {
      case "AUTHORISED":
        // What is under way is a capture, or undoes one; either way its answer follows.
        if (present.work !== "none") return beginAgain(asked, now);
        return present.amount === 0 ? captured(asked, now) : captureUnlessOver(asked, now);
      case "CAPTURED":
      case "PARTIALLY_REFUNDED":
      case "REFUNDED":
        return { state: asked, messages: [moneyTaken(present)] };
      case "PENDING":
      case "REQUIRES_ACTION":
        return { state: asked, messages: [notCaptured("capture_refused")] };
      case "VOIDED":
      case "DECLINED":
        return { state: asked, messages: [notCaptured("authorisation_expired")] };
    }
  },
);

/** What follows when the capture was sent. */
export function onCapture(payment: Payment, outcome: CallOutcome<CaptureVerdict>, now: number): Outcome {
  switch (outcome.kind) {
    case "answered":
      return outcome.answer.result === "captured"
        ? captured(payment, now)
        : refused(payment, outcome.answer.detail, now);
    case "unknown":
      // Keeps its failures: a provider that never answers a capture is not asked without a pause.
      return goOn({ ...payment, work: "inquire" }, now);
    case "unavailable":
      return captureLater(payment, now);
  }
}

/** The next capture needs a key of its own: the provider would answer this one as it has. */
function refused(payment: Payment, detail: string, now: number): Outcome {
  const asked: Payment = { ...payment, captureAttempt: payment.captureAttempt + 1, detail };
  return isUndone(payment) ? startWork(asked, "void", now) : settle(asked, now, notCaptured("capture_refused"));
}

/** What follows from how an authorisation stands whose capture had an unknown outcome. */
export function onCaptureStanding(payment: Payment, { result }: Standing, now: number): Outcome {
  switch (result) {
    case "captured":
      return captured(payment, now);
    case "authorised":
      return captureLater(payment, now);
    case "voided":
      // Voided by nobody here: the provider has let it lapse.
      return voided({ ...payment, voidFor: payment.voidFor ?? "authorisation_expired" }, now);
    case "declined":
    case "action_required":
    case "none":
      throw new Error(`the provider had authorised ${payment.orderId}, and now says ${result}`);
  }
}

/** What follows when the authorisation, or what may become one, was to be voided. */
export function onVoid(payment: Payment, outcome: CallOutcome<VoidVerdict>, now: number): Outcome {
  if (outcome.kind !== "answered") return tryAgain(payment, now);
  return outcome.answer.result === "voided" ? voided(payment, now) : captured(payment, now);
}
