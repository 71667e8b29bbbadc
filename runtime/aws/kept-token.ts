/**
 * A token that is made for each login, but not more often than it takes: a process that opens many connections at once
 * signs one. None is handed out that was made more than `keepMs` ago, or that ends sooner than that; a failure is not
 * kept.
 */
import type { Clock } from "../clock.ts";
import type { Secret } from "../secret.ts";
import type { IamToken } from "./iam-tokens.ts";

/** Of the quarter of an hour that a token lives. */
const KEEP_MS = 60_000;

export function keptToken(make: () => Promise<IamToken>, clock: Clock, keepMs = KEEP_MS): () => Promise<Secret> {
  let kept: { readonly token: Promise<IamToken>; readonly atMs: number } | undefined;

  function renewed(): Promise<IamToken> {
    const made = { token: make(), atMs: clock.now() };
    kept = made;
    made.token.catch(() => {
      if (kept === made) kept = undefined;
    });
    return made.token;
  }

  return async () => {
    const ageMs = kept === undefined ? Number.NaN : clock.now() - kept.atMs;
    // Less than nothing: the clock was set back.
    const token = await (kept !== undefined && ageMs >= 0 && ageMs < keepMs ? kept.token : renewed());
    // Credentials that are about to end sign nothing better: what comes then is taken.
    return token.expiresAtMs - clock.now() > keepMs ? token.value : (await renewed()).value;
  };
}
