import type { TrustedIssuer } from "./token-verifier.ts";

/** A process of the platform, as a verified service token states it. */
export interface ServicePrincipal {
  readonly subject: string;
  /** Whom it speaks for: modules by name, and `edge`. */
  readonly callers: readonly string[];
  /** When the token ends, ms since the epoch. */
  readonly expiresAtMs: number;
}

/** The subject of tokens that name their callers themselves. */
export const SERVICE_SUBJECT = "service";

/** Reads the claim `callers`, which an issuer of our own writes. */
export const principalByCallers: TrustedIssuer<ServicePrincipal>["principalOf"] = ({
  subject,
  claims,
  expiresAtMs,
}) => {
  const { callers } = claims;
  if (subject !== SERVICE_SUBJECT || !isNames(callers)) return "The token is not one that a service shows.";
  return { subject, callers, expiresAtMs };
};

const isNames = (claim: unknown): claim is readonly string[] =>
  Array.isArray(claim) && claim.every((name) => typeof name === "string");
