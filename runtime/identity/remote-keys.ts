/**
 * The public keys of an issuer elsewhere, fetched over HTTP when the first token comes.
 *
 * Guarantees: keys are asked for again when they are ten minutes old, and sooner for a key id that is not among them
 * (rotation), but for unknown ids at most twice a minute while the issuer answers and once a second while it does not, so
 * that made-up ids cost it nothing. Nobody whose key is known waits for that, but the first one after twenty minutes in
 * which nobody came: so long a key may be taken that was withdrawn. An issuer that does not answer stops none of them:
 * keys stay good for a day, and are asked for again every half minute. Only a token of an unknown key waits for the issuer
 * then; the verifier answers `unavailable`, and the caller tries again.
 */
import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../clock.ts";

export interface RemoteKeysTiming {
  readonly timeoutMs: number;
  /** How long nothing is asked again after an answer, for unknown key ids; and after a failure, for known ones. */
  readonly cooldownMs: number;
  /** How long nothing at all is asked again, whatever came of it. */
  readonly pauseMs: number;
  /** How old keys may be before they are asked for again. */
  readonly freshMs: number;
  /** How old they may become where the issuer does not answer. */
  readonly keptMs: number;
}

const TIMING: RemoteKeysTiming = {
  timeoutMs: 2000,
  cooldownMs: 30_000,
  pauseMs: 1_000,
  freshMs: 10 * 60_000,
  keptMs: 24 * 60 * 60_000,
};

/** Keys that the issuer publishes at `jwksUrl`. */
export function remoteKeys(jwksUrl: URL, clock: Clock, change: Partial<RemoteKeysTiming> = {}): JWTVerifyGetKey {
  const { timeoutMs, cooldownMs, pauseMs, freshMs, keptMs } = { ...TIMING, ...change };
  const keys = createRemoteJWKSet(jwksUrl, {
    timeoutDuration: timeoutMs,
    cooldownDuration: cooldownMs,
    cacheMaxAge: keptMs,
    [customFetch]: withPauses(clock, pauseMs),
  });
  let askAgainMs: number | undefined;
  return async (header, token) => {
    const nowMs = clock.now();
    // Those of the first time are fetched below.
    askAgainMs ??= nowMs + freshMs;
    // Farther off than it is ever set: the clock was set back.
    if (nowMs >= askAgainMs || askAgainMs - nowMs > Math.max(freshMs, cooldownMs)) {
      const isLongAgo = nowMs >= askAgainMs + freshMs;
      // Whoever comes meanwhile goes on with what is known.
      askAgainMs = nowMs + cooldownMs;
      const asked = keys.reload().then(
        () => {
          askAgainMs = nowMs + freshMs;
        },
        // What is known still stands.
        () => undefined,
      );
      if (isLongAgo) await asked;
    }
    return keys(header, token);
  };
}

/** Does not ask within `pauseMs` after it has asked: jose itself pauses only after an answer that it could use. */
function withPauses(clock: Clock, pauseMs: number): FetchImplementation {
  let endedMs = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    const sinceMs = clock.now() - endedMs;
    // Less than nothing: the clock was set back.
    if (sinceMs >= 0 && sinceMs < pauseMs) throw new Error("the issuer has only just been asked for its keys");
    try {
      return await fetch(url, options);
    } finally {
      endedMs = clock.now();
    }
  };
}
