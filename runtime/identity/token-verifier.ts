/**
 * Verifies bearer tokens (JWT) against the issuers that this process trusts.
 *
 * Guarantees: only pinned algorithms; issuer, audience, subject and expiry are checked; keys come from the issuer's own
 * source and never from the token's header. A verified token is remembered until it expires, at most five minutes (so
 * that a withdrawn key ends), in a bounded table. When the issuer's keys cannot be fetched the answer is `unavailable`,
 * never a refusal: the caller answers 503 and the client tries again.
 */
import { createLocalJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Clock } from "../clock.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Principal } from "./principal.ts";

export type Algorithm = "ES256" | "ES384" | "RS256" | "PS256" | "EdDSA";

/** What every principal has: when its token ends, ms since the epoch. */
interface Expiring {
  readonly expiresAtMs: number;
}

export interface TrustedIssuer<P extends Expiring = Principal> {
  readonly issuer: string;
  /** A token must be for one of them. */
  readonly audience: string | readonly string[];
  /** Where a token says for whom it is; `aud` when left out. */
  readonly audienceClaim?: string;
  readonly algorithms: readonly Algorithm[];
  readonly keys: JWTVerifyGetKey;
  /** Whom the claims of a verified token speak for; a text says why nobody, in one line. */
  readonly principalOf: (claims: VerifiedClaims) => P | string;
  readonly clockToleranceSeconds: number;
}

/** Claims whose signature, issuer, audience and expiry hold. */
export interface VerifiedClaims extends Expiring {
  readonly issuer: string;
  /** At most 255 visible ASCII characters. */
  readonly subject: string;
  readonly claims: JWTPayload;
}

export type Verification<P = Principal> =
  | { readonly ok: true; readonly principal: P }
  | { readonly ok: false; readonly reason: "invalid" | "expired" | "unavailable"; readonly detail: string };

export interface TokenVerifier<P = Principal> {
  /** Resolved at once, without a promise, for a token that was verified before. */
  verify(token: string): Verification<P> | Promise<Verification<P>>;
}

export interface TokenVerifierOptions<P extends Expiring = Principal> {
  readonly issuers: readonly TrustedIssuer<P>[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

const TOKEN_LENGTH_LIMIT = 8192;
/** How many verified tokens are remembered. */
const CACHE_LIMIT = 10_000;
const CACHE_TIME_MS = 5 * 60_000;

interface Remembered<P> {
  readonly verification: Verification<P>;
  readonly untilMs: number;
}

/** A verifier over all trusted issuers; the token's `iss` picks the one that must have signed it. */
export function createTokenVerifier<P extends Expiring>(options: TokenVerifierOptions<P>): TokenVerifier<P> {
  const { clock, scheduler } = options;
  const issuers = new Map(options.issuers.map((issuer) => [issuer.issuer, issuer]));
  const remembered = new Map<string, Remembered<P>>();

  const remember = (token: string, verification: Verification<P>, untilMs: number) => {
    if (remembered.size >= CACHE_LIMIT) {
      const oldest = remembered.keys().next();
      if (!oldest.done) remembered.delete(oldest.value);
    }
    remembered.set(token, { verification, untilMs });
  };

  const verifyNew = async (token: string): Promise<Verification<P>> => {
    const trusted = issuers.get(claimedIssuer(token) ?? "");
    if (!trusted) return refused("invalid", "The token's issuer is not trusted here.");
    const nowMs = clock.now();
    try {
      const { payload } = await scheduler.external("verify-token", () =>
        jwtVerify(token, trusted.keys, {
          issuer: trusted.issuer,
          ...(trusted.audienceClaim === undefined || trusted.audienceClaim === "aud"
            ? { audience: [trusted.audience].flat() }
            : {}),
          algorithms: [...trusted.algorithms],
          requiredClaims: ["sub", "exp"],
          clockTolerance: trusted.clockToleranceSeconds,
          currentDate: new Date(nowMs),
        }),
      );
      const claims = verifiedClaims(payload, trusted);
      const principal = typeof claims === "string" ? claims : trusted.principalOf(claims);
      if (typeof principal === "string") return refused("invalid", principal);
      const verification: Verification<P> = { ok: true, principal };
      remember(token, verification, Math.min(principal.expiresAtMs, nowMs + CACHE_TIME_MS));
      return verification;
    } catch (error) {
      return refusalOf(error);
    }
  };

  return {
    verify(token) {
      const known = remembered.get(token);
      if (known) {
        if (clock.now() < known.untilMs) return known.verification;
        remembered.delete(token);
      }
      if (token.length > TOKEN_LENGTH_LIMIT) return refused("invalid", "The token is too long.");
      return verifyNew(token);
    },
  };
}

/** Keys that are known already. */
export function localKeys(jwks: Parameters<typeof createLocalJWKSet>[0]): JWTVerifyGetKey {
  return createLocalJWKSet(jwks);
}

const refused = (reason: "invalid" | "expired" | "unavailable", detail: string): Verification<never> => ({
  ok: false,
  reason,
  detail,
});

/** The `iss` of a token that nobody has verified yet: good for choosing whom to ask, and for nothing else. */
function claimedIssuer(token: string): string | undefined {
  const parts = token.split(".");
  const payload = parts[1];
  if (parts.length !== 3 || payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("iss" in claims)) return undefined;
    return typeof claims.iss === "string" ? claims.iss : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(error: unknown): Verification<never> {
  if (error instanceof errors.JWTExpired) return refused("expired", "The token has expired. Get a new one.");
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return keysUnavailable;
  // What is no error of JOSE, and its generic error (an HTTP status that is not 200), come from fetching the keys.
  if (!(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC") return keysUnavailable;
  return refused("invalid", INVALID);
}

const INVALID = "The token is not valid here: its signature, issuer, audience or form is wrong.";

const keysUnavailable = refused("unavailable", "The token cannot be checked now. Try again in a few seconds.");

const isMeant = (claim: unknown, audience: string | readonly string[]) =>
  [claim].flat().some((named) => typeof named === "string" && [audience].flat().includes(named));

function verifiedClaims(payload: JWTPayload, trusted: Omit<TrustedIssuer, "principalOf">): VerifiedClaims | string {
  const { audienceClaim = "aud", audience } = trusted;
  if (audienceClaim !== "aud" && !isMeant(payload[audienceClaim], audience)) return INVALID;
  if (!payload.sub || payload.sub.length > 255 || !/^[\x21-\x7e]+$/.test(payload.sub))
    return "The token's subject must be 1 to 255 visible ASCII characters.";
  return {
    issuer: trusted.issuer,
    subject: payload.sub,
    claims: payload,
    expiresAtMs: ((payload.exp ?? 0) + trusted.clockToleranceSeconds) * 1000,
  };
}
