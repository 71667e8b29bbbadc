/**
 * A step of an operator between its route and the shipment.
 *
 * The idempotency key is written in the step's own commit, so a repeated request is answered with the delivery and takes
 * no second step. A step that is not legal is a 409 and leaves no key. Without an answer from the database it is a 503
 * that says whether the step may have been taken.
 */
import type { Clock } from "../../runtime/clock.ts";
import { ProblemError, problem, refusal } from "../../runtime/http/problem.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import { CommandUnavailable } from "../../runtime/messages/command-unavailable.ts";
import type { EarlierRequest } from "../../runtime/messages/earlier-request.ts";
import type { CommandResult } from "../../runtime/messages/item.ts";
import type { ModuleLane } from "../../runtime/messages/lane.ts";
import type { Carrier } from "./carrier.ts";
import type { Shipment } from "./shipment.ts";
import { type DeliveryStep, type StepAnswer, takeStep } from "./steps.ts";

export interface StepDeps {
  readonly lane: Pick<ModuleLane<Shipment, never>, "execute">;
  readonly carrier: Carrier;
  readonly clock: Clock;
  /** What the request's Idempotency-Key has done before. */
  readonly earlier: (claim: IdempotencyClaim) => Promise<EarlierRequest | undefined>;
  /** The shipment as committed by any process. */
  readonly find: (id: string) => Promise<Shipment | undefined>;
}

export interface StepRequest {
  readonly id: string;
  readonly step: DeliveryStep;
  readonly claim: IdempotencyClaim | null;
  readonly traceparent: string | null;
}

const COMMAND_TIMEOUT_MS = 10_000;

/** The answer to every step that is taken, now or after the hand-over: a repeated request must get the same one. */
export const TAKEN = 202;

/** The delivery after the step. Throws a `ProblemError` where it was not taken. */
export async function requestStep(deps: StepDeps, request: StepRequest): Promise<Shipment> {
  const { orderId } = await present(deps, request.id);
  const result = await earlierOr(deps, request.claim, await execute(deps, orderId, request));
  switch (result.kind) {
    case "keyReused":
      throw new ProblemError(
        problem("idempotency-key-reused", "This Idempotency-Key came with another body before. Use a new one."),
      );
    case "replayed":
      return present(deps, request.id);
    case "decided":
      if (result.answer.kind === "taken") return result.answer.shipment;
      throw new ProblemError(refusal(409, "illegal-step", "The delivery does not allow this step", why(result.answer)));
  }
}

/** The step that is refused may be one that was taken before: a key is only looked at when something is written. */
async function earlierOr({ earlier }: StepDeps, claim: IdempotencyClaim | null, result: CommandResult<StepAnswer>) {
  const isRefused = result.kind === "decided" && result.answer.kind === "illegal";
  return (isRefused && claim !== null && (await earlier(claim))) || result;
}

const execute = ({ lane, carrier, clock }: StepDeps, orderId: string, { id, step, claim, traceparent }: StepRequest) =>
  lane
    .execute(takeStep(carrier), orderId, step, {
      correlationId: orderId,
      ...(traceparent === null ? {} : { traceparent }),
      ...(claim === null ? {} : { idempotency: { ...claim, status: TAKEN, reference: id } }),
      expiresMs: clock.now() + COMMAND_TIMEOUT_MS,
    })
    .catch(unavailable);

/** The delivery as committed, or a 404. */
export async function present({ find }: Pick<StepDeps, "find">, id: string): Promise<Shipment> {
  const shipment = await find(id);
  if (shipment) return shipment;
  throw unknownDelivery(id);
}

export const unknownDelivery = (id: string) => new ProblemError(problem("not-found", `There is no delivery ${id}.`));

function why({ status, expected, legal }: Extract<StepAnswer, { kind: "illegal" }>): string {
  const stands = expected === null ? status : `${status}, and ${expected} as soon as it is handed over`;
  return `The delivery is ${stands}. ${legal.length === 0 ? "No step is legal" : `Legal now: ${legal.join(", ")}`}.`;
}

/** 503 for what may be sent again; anything else is a bug and goes on. */
function unavailable(error: unknown): never {
  if (!(error instanceof CommandUnavailable)) throw error;
  const again = { "retry-after": "1" };
  if (error.outcome === "none")
    throw new ProblemError(problem("overloaded", `No step was taken: ${error.message}. Send it again in 1 s.`), again);
  const detail =
    "It is not known whether the step was taken. Send the same request again if it has an Idempotency-Key; else read the delivery first.";
  throw new ProblemError(problem("unavailable", detail), again, error);
}
