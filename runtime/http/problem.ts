/**
 * Errors as RFC 9457 `application/problem+json`.
 *
 * `type` is `/problems/<slug>`: stable, relative to the platform's own address, where it leads to the list of problem
 * types in `/docs`. `errors[].field` is a dotted path from the part of the request it is in: `body.items.0.quantity`,
 * `query.limit`, `path.id`, `header.Idempotency-Key`; `body` alone is the whole body. A client decides by `type` and
 * `status`; `detail` and `message` are for people and may change.
 */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
}

/** The problems that the HTTP layer itself answers with. Domain refusals add their own by `refusal`. */
export const PROBLEMS = {
  "invalid-request": [400, "The request is not valid"],
  "malformed-json": [400, "The body is not valid JSON"],
  "invalid-cursor": [400, "The cursor is not valid"],
  "invalid-signature": [400, "The webhook is not signed as it must be"],
  unauthenticated: [401, "A valid bearer token is needed"],
  forbidden: [403, "The token does not allow this"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "The method is not allowed here"],
  "body-timeout": [408, "The body did not arrive in time"],
  "version-mismatch": [412, "The resource has changed since it was read"],
  "body-too-large": [413, "The body is too large"],
  "url-too-long": [414, "The URL is too long"],
  "unsupported-media-type": [415, "The content type is not supported"],
  "idempotency-key-reused": [422, "The Idempotency-Key was used for another request"],
  "rate-limited": [429, "Too many requests"],
  "headers-too-large": [431, "The header fields are too many or too large"],
  "internal-error": [500, "Something went wrong on our side"],
  overloaded: [503, "The platform is busy"],
  unavailable: [503, "A part of the platform does not answer"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemSlug = keyof typeof PROBLEMS;

/** One of the platform's own problems. */
export function problem(slug: ProblemSlug, detail: string, errors?: readonly FieldError[]): Problem {
  const [status, title] = PROBLEMS[slug];
  return { type: `/problems/${slug}`, title, status, detail, ...(errors ? { errors } : {}) };
}

/** A module's own refusal, such as 422 `coupon-not-valid`. `slug` is part of the API: it never changes its meaning. */
export function refusal(
  status: 404 | 409 | 412 | 422,
  slug: string,
  title: string,
  detail: string,
  errors?: readonly FieldError[],
): Problem {
  return { type: `/problems/${slug}`, title, status, detail, ...(errors ? { errors } : {}) };
}

/** Carries a problem out of nested code to the answer. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
    /** What is behind a 5xx, to be reported; who asked is not told. */
    cause?: unknown,
  ) {
    super(`${problem.status} ${problem.type}: ${problem.detail}`, { cause });
    this.name = "ProblemError";
  }
}
