import type { z } from "zod";
import type { CallRequest, Decision, DecisionContext } from "./decision.ts";

/**
 * - `answered`: the other side said what happened.
 * - `unavailable`: it is certain that nothing happened (refused connection, "try later").
 * - `unknown`: the time-out passed, or the process died in between. Ask; never repeat blindly.
 */
export type CallOutcome<Answer> =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "unavailable"; readonly detail: string }
  | {
      readonly kind: "unknown";
      readonly detail: string;
      /** Nobody waited for the answer until its time was over: the process ended, or handed the call over. */
      readonly isInterrupted?: true;
    };

/** Thrown by an adapter that knows that nothing happened at the other side. */
export class NothingHappened extends Error {}

/** A kind of call to the outside world: its intent commits first, a worker calls, the outcome comes back as a message. */
export interface CallKind<Request, Answer> {
  readonly kind: string;
  /** Who is called, as the service map is to name it. */
  readonly peer: string;
  readonly request: z.ZodType<Request>;
  readonly answer: z.ZodType<Answer>;
  /**
   * What happens to an intent whose call may or may not have been made (its process died):
   * `ask` reports the outcome as unknown; `repeat` calls again, for reads and for calls that undo.
   */
  readonly afterCrash: "ask" | "repeat";
}

export const defineCall = <Request, Answer>(call: CallKind<Request, Answer>) => call;

/** The intent to call, for a decision. */
export function call<Request, Answer>(kind: CallKind<Request, Answer>, request: Request): CallRequest {
  return { kind: kind.kind, request: JSON.stringify(kind.request.parse(request)) };
}

/** A call kind bound to what carries it out and to what is decided on its outcome. */
export interface CallHandler<State, Shared, Ports> {
  readonly kind: string;
  readonly peer: string;
  readonly afterCrash: "ask" | "repeat";
  /** Without an answer by then, the outcome is unknown. */
  readonly timeoutMs: number;
  /** Rejects with `NothingHappened` or with anything else, which counts as unknown. */
  readonly execute: (ports: Ports, request: string, signal: AbortSignal) => Promise<string>;
  readonly decide: (
    state: State | undefined,
    request: string,
    outcome: CallOutcome<string>,
    context: DecisionContext<Shared>,
  ) => Decision<State, Shared>;
  /** Keys of the shared rows that the decision on the outcome needs. */
  readonly sharedKeys: (state: State | undefined) => readonly string[];
}

export function onOutcome<State, Request, Answer, Ports, Shared = never>(
  kind: CallKind<Request, Answer>,
  timeoutMs: number,
  execute: (ports: Ports, request: Request, signal: AbortSignal) => Promise<Answer>,
  decide: (
    state: State | undefined,
    request: Request,
    outcome: CallOutcome<Answer>,
    context: DecisionContext<Shared>,
  ) => Decision<State, Shared>,
  options: { readonly shares?: (state: State | undefined) => readonly string[] } = {},
): CallHandler<State, Shared, Ports> {
  const parseRequest = (text: string) => kind.request.parse(JSON.parse(text));
  return {
    kind: kind.kind,
    peer: kind.peer,
    afterCrash: kind.afterCrash,
    timeoutMs,
    execute: async (ports, request, signal) =>
      JSON.stringify(kind.answer.parse(await execute(ports, parseRequest(request), signal))),
    decide: (state, request, outcome, context) =>
      decide(
        state,
        parseRequest(request),
        outcome.kind === "answered"
          ? { kind: "answered", answer: kind.answer.parse(JSON.parse(outcome.answer)) }
          : outcome,
        context,
      ),
    sharedKeys: options.shares ?? (() => []),
  };
}
