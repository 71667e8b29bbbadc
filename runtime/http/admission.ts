/**
 * Admission control: new work is turned away when it would have to wait too long, or while what was taken before is not
 * keeping up. Whatever is turned away costs next to nothing: nothing of it is read but where it goes. What is taken goes
 * on, and before anything new (runtime/messages/batch-queue.ts). Reads, and requests about what exists, are always taken.
 *
 * What is looked at is time and no fixed count, so it holds for machines of any speed and for work of any size:
 * - how long a newcomer would have to wait: what was taken and is not begun, with what is under way on the customer's
 *   path in this process, over the rate at which others were begun lately (Little's law). What waits for somebody
 *   outside is no work: a provider that is slow turns nobody away;
 * - for how long batches have been too small for the work under way, that off the customer's path included.
 * A few may always wait, so that a burst is taken and a stall sat out.
 *
 * It is asked by requests and has no timer: an idle process does nothing for it.
 */
import type { Clock } from "../clock.ts";
import type { LaneLoad } from "../messages/lane.ts";
import { pick, type Random } from "../random.ts";
import { ProblemError, problem } from "./problem.ts";
import { problemResponse } from "./reply.ts";

export interface AdmissionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly load: () => LaneLoad;
  /** Longest that a newcomer should have to wait, and that batches may be too small. */
  readonly targetMs: () => number;
  /** Of the routes that begin work; POST each. */
  readonly paths: readonly string[];
}

export interface Admission {
  /** The answer to a request whose work is not taken now; undefined for all others. */
  turnedAway(request: Request): Response | undefined;
  /**
   * Takes work whose request is here as a whole: one whose body comes slowly keeps nobody out. Throws the same answer when
   * there is no room any more.
   */
  enter(): Place;
}

/** What was taken and waits to be begun. */
export interface Place {
  begun(): void;
  /** The request is over, whether its work was begun or not. */
  left(): void;
}

/** So many may wait whatever the times say. */
export const ALWAYS_TAKEN = 256;
const RATE_WINDOW_MS = 250;
/** Those who were turned away at the same time shall not come back at the same time. */
const RETRY_AFTER_SECONDS = [1, 2, 3] as const;

export function createAdmission({ clock, random, load, targetMs, paths }: AdmissionDeps): Admission {
  const isBeginning = new Set(paths);
  const refusals = RETRY_AFTER_SECONDS.map(refusal);
  /** Taken and not begun. */
  let waiting = 0;
  /** How many there may be before a newcomer, at the rate of the last window. */
  let limit = ALWAYS_TAKEN;
  let begun = 0;
  let windowSinceMs = clock.now();
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let underWay = 0;
  let isBehind = false;
  const isFull = () => isBehind || waiting + underWay >= limit;

  /** At most one look a millisecond, however many requests come. */
  function look() {
    const nowMs = clock.now();
    if (nowMs === lookedAtMs) return;
    lookedAtMs = nowMs;
    const found = load();
    underWay = found.underWay;
    isBehind = found.backlogMs > targetMs();
    const sinceMs = nowMs - windowSinceMs;
    if (sinceMs >= 0 && sinceMs < RATE_WINDOW_MS) return;
    // Less than nothing: the clock was set back, and how long the window was cannot be told. The next one tells the rate.
    if (sinceMs > 0) limit = Math.max(ALWAYS_TAKEN, (begun / sinceMs) * targetMs());
    windowSinceMs = nowMs;
    begun = 0;
  }

  return {
    turnedAway(request) {
      look();
      if (!isFull()) return undefined;
      if (request.method !== "POST" || !isBeginning.has(pathOf(request.url))) return undefined;
      const refused = refusals[pick(random, refusals.length)];
      return refused && new Response(refused.text, { status: refused.status, headers: refused.headers });
    },
    enter() {
      look();
      if (isFull()) throw overloaded(RETRY_AFTER_SECONDS[pick(random, RETRY_AFTER_SECONDS.length)] ?? 1);
      waiting++;
      let waits = true;
      // What was refused for another reason is no work: it says nothing of the rate at which work is begun.
      const leave = (work: number) => {
        if (!waits) return;
        waits = false;
        waiting--;
        begun += work;
      };
      return { begun: () => leave(1), left: () => leave(0) };
    },
  };
}

function pathOf(url: string): string {
  const from = url.indexOf("/", "https://".length);
  const query = url.indexOf("?", from);
  return query === -1 ? url.slice(from) : url.slice(from, query);
}

/** Its parts are made once: half of what such an answer costs is making them, and thousands a second are turned away. */
function refusal(seconds: number) {
  const { problem: refused, headers: retryAfter } = overloaded(seconds);
  const { status, headers } = problemResponse(refused, retryAfter);
  return { text: JSON.stringify(refused), status, headers };
}

function overloaded(seconds: number): ProblemError {
  const detail = `Nothing was done: orders under way are finished first. Send the same request again in ${seconds} s.`;
  return new ProblemError(problem("overloaded", detail), { "retry-after": String(seconds) });
}
