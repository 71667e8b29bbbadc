/** What is answered where no handler has: what one has thrown, and a method that its path does not take. */
import { DatabaseError } from "../database/port.ts";
import type { Ids } from "../ids.ts";
import { ProblemError, problem } from "./problem.ts";
import { problemResponse } from "./reply.ts";

export interface FailureDeps {
  readonly ids: Ids;
  /** A bug or an outage behind a 500 or 503. `instance` is in the answer, so that a report can be found again. */
  readonly onError: (error: unknown, about: FailedRequest & { readonly instance: string }) => void;
}

export interface FailedRequest {
  readonly method: string;
  readonly path: string;
  /** Who was to answer it; absent where nobody's route it is. */
  readonly module?: string;
  /** The trace that it is part of. */
  readonly traceparent?: string | null;
}

/** The answer to whatever was thrown. */
export function failure(error: unknown, request: FailedRequest, deps: FailureDeps): Response {
  if (error instanceof ProblemError && error.cause === undefined) return problemResponse(error.problem, error.headers);
  const instance = `urn:uuid:${deps.ids.next()}`;
  if (error instanceof ProblemError) {
    deps.onError(error.cause, { ...request, instance });
    return problemResponse({ ...error.problem, instance }, error.headers);
  }
  deps.onError(error, { ...request, instance });
  if (error instanceof DatabaseError && error.kind === "unavailable") {
    const detail = "The database does not answer now. Send the same request again in a few seconds.";
    return problemResponse({ ...problem("unavailable", detail), instance }, { "retry-after": "2" });
  }
  return problemResponse({
    ...problem("internal-error", "The request failed by a fault of ours. It has been reported."),
    instance,
  });
}

/** 405 with the methods that the path has. */
export function methodNotAllowed(allow: string): Response {
  return problemResponse(problem("method-not-allowed", `This path takes ${allow}.`), { allow });
}
