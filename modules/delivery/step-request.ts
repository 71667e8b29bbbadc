/** A step of an operator between its route and the shipment. One that is not legal is a 409. */
import { type CommandRequestDeps, requestCommand } from "../../runtime/http/command-request.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import { unknownObject } from "../../runtime/http/rights.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import type { Carrier } from "./carrier.ts";
import type { Shipment } from "./shipment.ts";
import { type DeliveryStep, type StepAnswer, takeStep } from "./steps.ts";

export interface StepDeps extends CommandRequestDeps<Shipment, never> {
  readonly carrier: Carrier;
  /** The shipment as committed by any process. */
  readonly find: (id: string) => Promise<Shipment | undefined>;
}

export interface StepRequest {
  readonly id: string;
  readonly step: DeliveryStep;
  readonly claim: IdempotencyClaim | null;
  readonly traceparent: string | null;
  readonly operator: OperatorAction | null;
}

/** The answer to every step that is taken, now or after the hand-over: a repeated request must get the same one. */
export const TAKEN = 202;

/** The delivery after the step. Throws a `ProblemError` where it was not taken. */
export async function requestStep(
  deps: StepDeps,
  { id, step, claim, traceparent, operator }: StepRequest,
): Promise<Shipment> {
  const { orderId: key } = await present(deps, id);
  const result = await requestCommand(deps, {
    command: takeStep(deps.carrier),
    key,
    input: step,
    claim,
    status: TAKEN,
    reference: id,
    traceparent,
    operator,
    isRefused: ({ kind }) => kind === "illegal",
  });
  if (result.kind === "replayed") return present(deps, id);
  if (result.answer.kind === "taken") return result.answer.shipment;
  throw new ProblemError(refusal(409, "illegal-step", "The delivery does not allow this step", why(result.answer)));
}

/** The delivery as committed, or a 404. */
export async function present({ find }: Pick<StepDeps, "find">, id: string): Promise<Shipment> {
  const shipment = await find(id);
  if (shipment) return shipment;
  throw unknownObject("delivery", id);
}

function why({ status, expected, legal }: Extract<StepAnswer, { kind: "illegal" }>): string {
  const stands = expected === null ? status : `${status}, and ${expected} as soon as it is handed over`;
  return `The delivery is ${stands}. ${legal.length === 0 ? "No step is legal" : `Legal now: ${legal.join(", ")}`}.`;
}
