import { hasScope, type Principal, type Role } from "../identity/principal.ts";
import type { TokenVerifier, Verification } from "../identity/token-verifier.ts";
import { ProblemError, problem } from "./problem.ts";
import { type Rights, scopeOf } from "./rights.ts";
import type { RouteSpec } from "./route.ts";

const CHALLENGE = 'Bearer realm="genai-demo"';

/** Who calls, or a 401 (503 when the issuer's keys cannot be fetched). Null on a public route, which looks at no token. */
export function authenticate(
  request: Request,
  spec: RouteSpec,
  verifier: TokenVerifier,
): Principal | null | Promise<Principal> {
  return spec.rights.callers === "anyone" ? null : bearer(request, verifier);
}

/** Whom the request's bearer token speaks for, or a 401 (503 when the issuer's keys cannot be fetched). */
export function bearer<P>(request: Request, verifier: TokenVerifier<P>): P | Promise<P> {
  const header = request.headers.get("authorization");
  if (header === null) throw unauthenticated(CHALLENGE, "Send a bearer token in the Authorization header.");
  const match = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header.trim());
  if (!match?.[1]) {
    if (!/^bearer\b/i.test(header))
      throw unauthenticated(CHALLENGE, "Send a bearer token: Authorization: Bearer <token>.");
    throw invalidToken("The token is malformed.");
  }
  const verification = verifier.verify(match[1]);
  return verification instanceof Promise ? verification.then(principalOf) : principalOf(verification);
}

function principalOf<P>(verification: Verification<P>): P {
  if (verification.ok) return verification.principal;
  if (verification.reason === "unavailable")
    throw new ProblemError(problem("unavailable", verification.detail), { "retry-after": "2" });
  throw invalidToken(verification.detail);
}

/** Refuses with 403 a role or scope that may not use the route. */
export function authorise(principal: Principal | null, { rights }: RouteSpec): void {
  if (principal === null) return;
  const role = ONLY_ROLE[rights.callers];
  if (role !== undefined && principal.role !== role)
    throw new ProblemError(problem("forbidden", `This needs a token with the role ${role}.`));
  const scope = scopeOf(rights);
  if (scope !== undefined && principal.role === "operator" && !hasScope(principal, scope))
    throw new ProblemError(problem("forbidden", `This needs a token with the scope ${scope}.`), {
      "www-authenticate": `${CHALLENGE}, error="insufficient_scope", scope="${scope}"`,
    });
}

const ONLY_ROLE: Readonly<Record<Rights["callers"], Role | undefined>> = {
  anyone: undefined,
  customers: "customer",
  operators: "operator",
  "customers and operators": undefined,
};

const unauthenticated = (challenge: string, detail: string) =>
  new ProblemError(problem("unauthenticated", detail), { "www-authenticate": challenge });

const invalidToken = (detail: string) =>
  unauthenticated(`${CHALLENGE}, error="invalid_token", error_description="${detail}"`, detail);
