/**
 * Replays every dead letter of a selection. The replay of one releases all that is parked in its topic and key, in order
 * from the first one, so each topic and key is asked for once, whichever of its letters were selected.
 *
 * One request does what it can in its time and says whether letters of the selection have not had their turn: the same
 * request again goes on. A letter that is still not handled has a new time of parking, so it comes after those that
 * have not been tried. A module that does not answer ends the request with its fault; what was released stays released.
 */
import type { Clock } from "../clock.ts";
import { type Letter, type LetterPlace, letterId } from "../messages/dead-letter.ts";
import type { ReleaseResult } from "../messages/release-letters.ts";

/** A letter with the module that holds it. */
export interface Listed {
  readonly module: string;
  readonly letter: Letter;
}

export interface SelectionDeps {
  readonly clock: Clock;
  /** A page of the selection, after a letter. */
  readonly page: (after: Listed | null) => Promise<readonly Listed[]>;
  readonly replay: (module: string, place: LetterPlace) => Promise<ReleaseResult>;
  /** No replay begins later. */
  readonly beginWithinMs: number;
}

/** What became of the letters that were selected, and of those behind them. */
export interface SelectionReport {
  /** Ids of the first ones that are gone, in order, and how many there were. */
  readonly released: readonly string[];
  readonly releasedCount: number;
  /** The first ones that are still there, and how many there are. */
  readonly left: readonly Listed[];
  readonly leftCount: number;
  /** Some have not been tried, or had not ended when this was told. */
  readonly pending: boolean;
  /** The Idempotency-Key was used with another body. */
  readonly keyReused: boolean;
}

const NAMED_LIMIT = 100;

/** Goes through the selection once. */
export async function replaySelection(deps: SelectionDeps): Promise<SelectionReport> {
  const untilMs = deps.clock.now() + deps.beginWithinMs;
  const asked = new Set<string>();
  const released: string[] = [];
  const left: Listed[] = [];
  let [releasedCount, leftCount, pending] = [0, 0, false];
  const report = (keyReused: boolean) => ({ released, releasedCount, left, leftCount, pending, keyReused });
  let after: Listed | null = null;
  for (;;) {
    const listed: readonly Listed[] = await deps.page(after);
    for (const { module, letter } of listed) {
      const queue = `${module}:${letter.key}:${letter.source}`;
      if (asked.has(queue)) continue;
      if (deps.clock.now() >= untilMs) {
        pending = true;
        return report(false);
      }
      asked.add(queue);
      const result = await deps.replay(module, letter);
      if (result.kind === "keyReused") return report(true);
      // Somebody else has let it go since it was listed.
      if (result.kind === "unknown") continue;
      releasedCount += result.releasedCount;
      leftCount += result.leftCount;
      // What it released is more than its own time allowed for, and nothing goes on by itself.
      const isCutShort = result.releasedCount > 0 && result.left[0]?.reason === "behind";
      pending ||= result.pending || isCutShort;
      released.push(...result.released.slice(0, NAMED_LIMIT - released.length).map((place) => letterId(module, place)));
      for (const each of result.left.slice(0, NAMED_LIMIT - left.length)) left.push({ module, letter: each });
    }
    const last = listed.at(-1);
    if (!last) return report(false);
    after = last;
  }
}
