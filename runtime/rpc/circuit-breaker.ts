/**
 * Keeps calls from a callee that does not answer, so that an outage costs its callers no time, and the callee no load
 * while it comes back.
 *
 * After five calls in a row without an answer it opens: calls are refused at once, with when the callee is tried again.
 * Then one call at a time goes through as a probe, each pause about twice as long as the one before, at most two
 * seconds; the first answer closes it. An answer that says no, or that tells of a bug, is an answer: one bad request
 * must not keep everybody else from a callee that works. A probe of which nothing is heard holds up nobody, the next
 * one goes when its pause is over. Nothing is drawn from `random` while all goes well.
 */
import { createBackoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Random } from "../random.ts";
import { RpcUnavailable } from "./port.ts";

export interface BreakerDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Told when a callee goes away and when it is back. */
  readonly log: Log;
}

export interface CircuitBreaker {
  /** Lets a call through, which then says how it ended; throws `RpcUnavailable` while the callee is given a rest. */
  admit(): Admission;
  /** Calls are refused now: what is under way need not be repeated. */
  readonly open: boolean;
}

export interface Admission {
  answered(): void;
  /** `reason` is told to those who are refused. */
  unanswered(reason: string): void;
}

/** Of each callee its own. */
export type Breakers = (callee: string) => CircuitBreaker;

const UNANSWERED_TO_OPEN = 5;
const PAUSES = { firstMs: 500, mostMs: 2000 };

/** The breakers of one process. */
export function createBreakers(deps: BreakerDeps): Breakers {
  const breakers = new Map<string, CircuitBreaker>();
  return (callee) => {
    const known = breakers.get(callee);
    if (known) return known;
    const breaker = createBreaker(callee, deps);
    breakers.set(callee, breaker);
    return breaker;
  };
}

interface Outage {
  readonly reason: string;
  readonly pauseMs: number;
  /** The next probe goes then. */
  probeAtMs: number;
}

function createBreaker(callee: string, { clock, random, log }: BreakerDeps): CircuitBreaker {
  const pauses = createBackoff(random, PAUSES);
  let unansweredInARow = 0;
  let outage: Outage | null = null;

  const rest = (reason: string) => {
    const pauseMs = Math.ceil(pauses.nextMs());
    outage = { reason, pauseMs, probeAtMs: clock.now() + pauseMs };
    return pauseMs;
  };

  return {
    get open() {
      return outage !== null;
    },
    admit() {
      const isProbe = outage !== null;
      if (outage !== null) {
        const { reason, pauseMs, probeAtMs } = outage;
        const leftMs = probeAtMs - clock.now();
        // More than the pause: the clock was set back, which must not lengthen it.
        if (leftMs > 0 && leftMs <= pauseMs)
          throw new RpcUnavailable(`${callee} does not answer (${reason}); it is tried again in ${leftMs} ms`);
        outage.probeAtMs = clock.now() + pauseMs;
      }
      return {
        answered() {
          unansweredInARow = 0;
          if (outage === null) return;
          outage = null;
          pauses.reset();
          log("info", "rpc.back", { callee });
        },
        unanswered(reason) {
          unansweredInARow += 1;
          if (outage !== null) {
            if (isProbe) rest(reason);
          } else if (unansweredInARow >= UNANSWERED_TO_OPEN) {
            log("warn", "rpc.away", { callee, error: reason, againInMs: rest(reason) });
          }
        },
      };
    },
  };
}
