/**
 * A manual refund between its route and the payment. What may not be given back is a 409, what is of another currency a
 * 422. What is accepted is carried out, whatever fails meanwhile; the answer waits a little for that, and shows the
 * payment as it stands then.
 */

import { type CommandRequestDeps, requestCommand } from "../../runtime/http/command-request.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import { unknownObject } from "../../runtime/http/rights.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import { waitForOutcome } from "../../runtime/http/wait-for-outcome.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import type { Changes } from "../../runtime/messages/changes.ts";
import type { Money } from "../../runtime/money.ts";
import { askForRefund, type RefundAnswer, refunding } from "./manual-refund.ts";
import type { Payment } from "./payment.ts";

export interface RefundDeps extends CommandRequestDeps<Payment, never> {
  readonly changes: Changes<Payment>;
  /** The payment as committed by any process. */
  readonly find: (id: string) => Promise<Payment | undefined>;
}

export interface RefundRequest {
  readonly id: string;
  readonly amount: Money;
  readonly claim: IdempotencyClaim | null;
  readonly traceparent: string | null;
  readonly operator: OperatorAction | null;
  /** 0: the caller did not say how long to wait. */
  readonly waitMs: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** The answer to every refund that is accepted: a repeated request must get the same one. */
export const ACCEPTED = 202;

const PATIENCE_MS = 2_000;

/** The payment once the money went back, or as it stands when the time is over. Throws a `ProblemError`. */
export async function requestRefund(deps: RefundDeps, request: RefundRequest): Promise<Payment> {
  const { id, amount, claim, traceparent, operator } = request;
  const { orderId: key } = await present(deps, id);
  const result = await requestCommand(deps, {
    command: askForRefund,
    key,
    input: amount,
    claim,
    status: ACCEPTED,
    reference: id,
    traceparent,
    operator,
    isRefused: ({ kind }) => kind !== "accepted",
  });
  if (result.kind === "decided" && result.answer.kind !== "accepted") throw new ProblemError(refused(result.answer));
  const accepted = result.kind === "decided" && result.answer.kind === "accepted" ? result.answer.payment : undefined;
  return untilGivenBack(deps, accepted ?? (await present(deps, id)), request);
}

/** The payment as committed, or a 404. */
export async function present({ find }: Pick<RefundDeps, "find">, id: string): Promise<Payment> {
  const payment = await find(id);
  if (payment) return payment;
  throw unknownObject("payment", id);
}

/** The refund is accepted: a database that is away by then takes nothing back, so what is known of it is the answer. */
async function untilGivenBack(
  deps: RefundDeps,
  accepted: Payment,
  { waitMs, signal }: Pick<RefundRequest, "waitMs" | "signal">,
): Promise<Payment> {
  // Of which version the command's answer was is not known: the first look tells.
  const { state } = await waitForOutcome(
    deps,
    { state: accepted, version: 0 },
    { key: accepted.orderId, waitMs: waitMs || PATIENCE_MS, signal, isOver: (payment) => refunding(payment) === 0 },
  );
  return state;
}

function refused(answer: Exclude<RefundAnswer, { kind: "accepted" }>) {
  const title = "This cannot be refunded";
  if (answer.kind === "another currency") {
    const message = `must be ${answer.currency}, as the payment is`;
    return refusal(422, "refund-currency", title, `body.amount.currency ${message}.`, [
      { field: "body.amount.currency", message },
    ]);
  }
  const left = `${answer.left} minor units of ${answer.currency}`;
  return refusal(409, "refund-too-large", title, `What was captured and is not given back comes to ${left}.`);
}
