/**
 * Rate limits: so many requests a principal, reads and writes apart, and so many a client address, all of them together,
 * with what anyone may ask; fewer from an address that shows no valid token where one is needed, and as many as it takes
 * from those who send webhooks.
 *
 * Counted for all processes together in Redis. Without it, or where it does not answer in time, each process counts for
 * itself, and asks again a second later: what a hang costs is one short wait a second. Who was refused is refused by this
 * process alone until the time that it was told. What is counted under is a digest, so that nobody's name is kept.
 */
import { CryptoHasher } from "bun";
import type { Budget, Budgets } from "../cache/port.ts";
import type { Clock } from "../clock.ts";
import { callerOf, type Principal } from "../identity/principal.ts";
import { clientAddress } from "./client-address.ts";
import { ProblemError, problem } from "./problem.ts";
import type { RouteSpec } from "./route.ts";

/** So many at once, and so many in each period after that. */
export interface Rate {
  readonly units: number;
  readonly periodMs: number;
}

export interface Rates {
  readonly reads: Rate;
  readonly writes: Rate;
  readonly address: Rate;
  readonly unauthenticated: Rate;
  readonly webhooks: Rate;
}

export interface RateLimiterDeps {
  readonly clock: Clock;
  /** Asked at each request: they can change. */
  readonly rates: () => Rates;
  /** How many proxies in front of us are ours. */
  readonly trustedProxies: number;
  readonly shared: Budgets;
  /** Of this process alone. */
  readonly own: Budgets;
}

export interface RateLimiter {
  /** Counts a request that was let in. Rejects with a 429. */
  count(spec: RouteSpec, principal: Principal | null, from: Sender): Promise<void>;
  /** Counts one that came without a token that is valid. Rejects with a 429. */
  countUnauthenticated(from: Sender): Promise<void>;
}

/** Where a request came from. */
export interface Sender {
  /** Who is connected: a client, or a proxy. */
  readonly peer: string | null;
  /** `X-Forwarded-For`. */
  readonly forwardedFor: string | null;
}

/** How long each process counts for itself after an answer that did not come. */
const ASK_AGAIN_MS = 1_000;
/** Of those that were refused; beyond it the one is asked about again that was refused first. */
const MOST_REFUSED = 10_000;

export function createRateLimiter(deps: RateLimiterDeps): RateLimiter {
  const { clock, rates, trustedProxies, shared, own } = deps;
  const refused = new Map<string, { readonly atMs: number; readonly untilMs: number }>();
  let unansweredAtMs = Number.NEGATIVE_INFINITY;

  async function take(budgets: readonly Budget[]) {
    const name = budgets.map(({ key }) => key).join();
    const before = refused.get(name);
    const nowMs = clock.now();
    // Before it was refused: the clock was set back, and the time that it was told is not this clock's.
    if (before !== undefined && nowMs >= before.atMs && nowMs < before.untilMs) throw tooMany(before.untilMs - nowMs);
    refused.delete(name);
    const waitMs = await waitFor(budgets);
    if (waitMs === 0) return;
    for (const first of refused.keys()) {
      if (refused.size < MOST_REFUSED) break;
      refused.delete(first);
    }
    const atMs = clock.now();
    refused.set(name, { atMs, untilMs: atMs + waitMs });
    throw tooMany(waitMs);
  }

  async function waitFor(budgets: readonly Budget[]): Promise<number> {
    const sinceMs = clock.now() - unansweredAtMs;
    // Less than nothing: the clock was set back.
    if (sinceMs < 0 || sinceMs >= ASK_AGAIN_MS) {
      const waitMs = await shared.take(budgets);
      if (waitMs !== undefined) return waitMs;
      unansweredAtMs = clock.now();
    }
    // One's own count answers at once, always.
    return (await own.take(budgets)) ?? 0;
  }

  const ofAddress = (kind: keyof Rates, { peer, forwardedFor }: Sender) =>
    budget(kind, rates()[kind], clientAddress(peer, forwardedFor, trustedProxies));

  return {
    async count({ method, rateLimit }, principal, from) {
      if (rateLimit === "none") return;
      if (rateLimit === "webhooks") return take([ofAddress("webhooks", from)]);
      if (principal === null) return take([ofAddress("address", from)]);
      const kind = method === "GET" ? "reads" : "writes";
      await take([budget(kind, rates()[kind], callerOf(principal)), ofAddress("address", from)]);
    },
    countUnauthenticated: (from) => take([ofAddress("unauthenticated", from)]),
  };
}

function budget(kind: keyof Rates, { units, periodMs }: Rate, whose: string): Budget {
  const digest = new CryptoHasher("sha256").update(whose).digest("base64url").slice(0, 22);
  return { key: `${kind}:${digest}`, units, periodMs };
}

function tooMany(waitMs: number): ProblemError {
  const seconds = String(Math.ceil(waitMs / 1000));
  return new ProblemError(
    problem("rate-limited", `There were too many requests. Send the same one again in ${seconds} s.`),
    { "retry-after": seconds },
  );
}
