/** What the claims of a person's or a client's token say of it. */
import type { Principal, Role } from "./principal.ts";
import type { TrustedIssuer } from "./token-verifier.ts";

/** Where an issuer writes what is asked of its tokens. */
export interface PrincipalClaims {
  /** Names `customer` or `operator`, or is a list of groups with one of them. */
  readonly role: string;
  /** What a token without a role is taken for; null: it is refused. */
  readonly roleWithout: Role | null;
  /** Scopes, in a text with spaces between them or in a list. */
  readonly scope: string;
  /** What stands before each scope of this platform, such as Cognito's `genai-demo/`. Scopes without it are others'. */
  readonly scopePrefix: string;
}

/** Reads a token's role and scopes. */
export const principalByClaims =
  ({ role: roleClaim, roleWithout, scope: scopeClaim, scopePrefix }: PrincipalClaims): TrustedIssuer["principalOf"] =>
  ({ issuer, subject, claims, expiresAtMs }): Principal | string => {
    // Cognito names what a token is for; one that tells who signed in (`id`) is not for an API.
    const { token_use: use = "access" } = claims;
    if (use !== "access") return "The token is none for access: send the access token.";
    const role = roleOf(claims[roleClaim]) ?? roleWithout;
    if (!role) return `The token's claim ${roleClaim} must name the role customer or operator.`;
    return { subject, role, scopes: scopesOf(claims[scopeClaim], scopePrefix), issuer, expiresAtMs };
  };

function roleOf(claim: unknown): Role | undefined {
  const names: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  // Someone in both groups acts as operator.
  if (names.includes("operator")) return "operator";
  return names.includes("customer") ? "customer" : undefined;
}

function scopesOf(claim: unknown, prefix: string): readonly string[] {
  const given: readonly unknown[] = typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return given.flatMap((scope) =>
    typeof scope === "string" && scope.startsWith(prefix) && scope.length > prefix.length
      ? [scope.slice(prefix.length)]
      : [],
  );
}
