import { PROBLEMS, type ProblemSlug } from "./problem.ts";
import { objectOf } from "./rights.ts";
import type { RouteSpec } from "./route.ts";

/** The problems that the HTTP layer may answer on a route by itself, before or around its handler. */
export function layerProblems(spec: RouteSpec): ProblemSlug[] {
  const slugs: ProblemSlug[] = [
    "invalid-request",
    "url-too-long",
    "headers-too-large",
    "internal-error",
    "overloaded",
    "unavailable",
  ];
  if (spec.rateLimit !== "none") slugs.push("rate-limited");
  if (spec.rights.callers !== "anyone") slugs.push("unauthenticated", "forbidden");
  if (spec.params || objectOf(spec.rights)?.place === "customer") slugs.push("not-found");
  if (spec.body) slugs.push("malformed-json", "body-timeout", "body-too-large", "unsupported-media-type");
  if (spec.query && "cursor" in spec.query.shape) slugs.push("invalid-cursor");
  if (spec.headers && "if-match" in spec.headers.shape) slugs.push("version-mismatch");
  if (spec.idempotency) slugs.push("idempotency-key-reused");
  return slugs;
}

/** Every status that a route may answer, so that nothing is answered that is not documented. */
export function documentedStatuses(spec: RouteSpec): ReadonlySet<number> {
  return new Set([...Object.keys(spec.responses).map(Number), ...layerProblems(spec).map((slug) => PROBLEMS[slug][0])]);
}
