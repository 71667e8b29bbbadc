import type { Principal, Role } from "./principal.ts";
import type { TrustedIssuer } from "./token-verifier.ts";

/** Reads a person's or client's role from a claim: `customer` or `operator`, or a list of groups with one of them. */
export const principalByRole =
  (roleClaim: string): TrustedIssuer["principalOf"] =>
  ({ issuer, subject, claims, expiresAtMs }): Principal | string => {
    const role = roleOf(claims[roleClaim]);
    if (!role) return `The token's claim ${roleClaim} must name the role customer or operator.`;
    const scopes = typeof claims["scope"] === "string" ? claims["scope"].split(" ").filter(Boolean) : [];
    return { subject, role, scopes, issuer, expiresAtMs };
  };

function roleOf(claim: unknown): Role | undefined {
  const names: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  // Someone in both groups acts as operator.
  if (names.includes("operator")) return "operator";
  return names.includes("customer") ? "customer" : undefined;
}
