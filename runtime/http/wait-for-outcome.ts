/**
 * The wait of a request whose command is accepted, for what becomes of it. It ends at the latest when the time is
 * over, the client has gone, the process is about to end, too many wait or what has become of it cannot be read, with
 * what is known by then: nothing takes the command back.
 */

import type { Clock } from "../clock.ts";
import type { Stored } from "../messages/aggregate.ts";
import type { Changes } from "../messages/changes.ts";

/** `version` 0: it is not known of which version the command's answer was. */
type Seen<State> = Pick<Stored<State>, "state" | "version">;

export interface OutcomeWait<State> {
  /** Of the aggregate. */
  readonly key: string;
  readonly waitMs: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  readonly isOver: (state: State) => boolean;
}

/** The outcome, or how the aggregate stands when the time is over. */
export async function waitForOutcome<State>(
  { changes, clock }: { readonly changes: Pick<Changes<State>, "next" | "ended" | "crowded">; readonly clock: Clock },
  accepted: Seen<State>,
  { key, waitMs, signal, isOver }: OutcomeWait<State>,
): Promise<Seen<State>> {
  const untilMs = clock.now() + waitMs;
  let seen = accepted;
  while (!isOver(seen.state) && !signal.aborted && !changes.ended && !changes.crowded) {
    const leftMs = untilMs - clock.now();
    if (leftMs <= 0) break;
    try {
      seen = (await changes.next(key, seen.version, { timeoutMs: leftMs, signal })) ?? seen;
    } catch {
      // It has been reported (changes.ts).
      break;
    }
  }
  return seen;
}
