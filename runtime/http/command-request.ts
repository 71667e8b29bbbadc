/**
 * A request that runs a command on a module's lane, behind an Idempotency-Key where it has one. The key is written in
 * the commit of the effect, so a repeated request gets its first answer: also when the command would be refused by now,
 * for a refusal leaves no key. What was not carried out, or of which nobody knows, is a 503 that says what to do.
 */
import type { Clock } from "../clock.ts";
import type { OperatorAction } from "../messages/audit.ts";
import { CommandUnavailable } from "../messages/command-unavailable.ts";
import type { Command } from "../messages/decision.ts";
import type { EarlierRequest } from "../messages/earlier-request.ts";
import type { ModuleLane } from "../messages/lane.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { ProblemError, problem } from "./problem.ts";
import type { IdempotencyClaim } from "./route.ts";

/** How long a request waits for its command to be tried. */
export const COMMAND_TIMEOUT_MS = 10_000;

export interface CommandRequestDeps<State, Shared> {
  readonly lane: Pick<ModuleLane<State, Shared>, "execute">;
  readonly clock: Clock;
  /** What the request's Idempotency-Key has done before. */
  readonly earlier: (claim: IdempotencyClaim) => Promise<EarlierRequest | undefined>;
}

export interface CommandRequest<State, Shared, Input, Answer> {
  readonly command: Command<State, Shared, Input, Answer>;
  /** Of the aggregate. */
  readonly key: string;
  readonly input: Input;
  readonly claim: IdempotencyClaim | null;
  /** What the key leads to, for the repetition: the answer's status and what it is about. */
  readonly status: number;
  readonly reference: string;
  readonly traceparent: string | null;
  /** Its entry in the audit log is written with the effect; null: whose effects are not in it. */
  readonly operator: OperatorAction | null;
  /** What that entry is found by, where it is not the aggregate's key. */
  readonly auditKey?: string;
  readonly isRefused: (answer: Answer) => boolean;
}

/** What was decided, or that an earlier request under the same key did it. Throws a `ProblemError`. */
export async function requestCommand<State, Shared, Input, Answer>(
  { lane, clock, earlier }: CommandRequestDeps<State, Shared>,
  request: CommandRequest<State, Shared, Input, Answer>,
): Promise<{ readonly kind: "decided"; readonly answer: Answer } | { readonly kind: "replayed" }> {
  const { command, key, input, claim, status, reference, traceparent, operator } = request;
  const result = await lane
    .execute(command, key, input, {
      ...(traceparent === null ? {} : { traceparent }),
      ...(claim === null ? {} : { idempotency: { ...claim, status, reference } }),
      ...(operator === null ? {} : { operator: { ...operator, key: request.auditKey ?? key } }),
      expiresMs: clock.now() + COMMAND_TIMEOUT_MS,
    })
    .catch(unavailable);
  const isRefused = result.kind === "decided" && request.isRefused(result.answer);
  const before = isRefused && claim !== null ? await earlier(claim) : undefined;
  switch ((before ?? result).kind) {
    case "keyReused":
      throw new ProblemError(keyReused());
    case "replayed":
      return { kind: "replayed" };
    default:
      // Nothing else is left of the union.
      return result as Extract<typeof result, { kind: "decided" }>;
  }
}

export const keyReused = () =>
  problem(
    "idempotency-key-reused",
    "This Idempotency-Key was used for another request. Send a new key, or the first body again.",
  );

/** 503 for what may be sent again; anything else is a bug and goes on. */
export function unavailable(error: unknown): never {
  const again = { "retry-after": "1" };
  if (error instanceof CommandUnavailable && error.outcome === "none")
    throw new ProblemError(
      problem("overloaded", `This request was not carried out: ${error.message}. Send the same one again in 1 s.`),
      again,
    );
  if (error instanceof RpcUnavailable || error instanceof CommandUnavailable)
    throw new ProblemError(
      problem(
        "unavailable",
        "It is not known whether this request was carried out. Send the same one again, under the same Idempotency-Key if it had one; else look first.",
      ),
      again,
      error,
    );
  throw error;
}
