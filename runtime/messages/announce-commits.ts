/**
 * Tells the other replicas of a module what a commit here has left for them: rows in shards that they hold, and
 * aggregates that somebody there may wait for. Only hints: whoever does not hear one finds the rows at its next poll, and
 * looks for the aggregate by itself. Commits that follow each other closely share a hint, and a replica that is alone
 * tells nobody.
 */
import type { Hints } from "../cache/port.ts";
import type { Scheduler } from "../scheduler.ts";

export interface AnnounceDeps {
  readonly module: string;
  readonly hints: Hints;
  readonly scheduler: Scheduler;
  /** Another replica has put rows into shards that may be held here. */
  readonly rowsElsewhere: () => void;
  /** Another replica has saved aggregates of these keys. */
  readonly changedElsewhere: (keys: readonly string[]) => void;
}

export interface Announcements {
  committed(what: { readonly rows: boolean; readonly keys: readonly string[] }): void;
}

const TOGETHER_MS = 5;
/** Beyond it the rest is not told: who waits for one looks a moment later. */
const KEYS_LIMIT = 200;

export function announceCommits(deps: AnnounceDeps): Announcements {
  const { hints, scheduler } = deps;
  const rowsChannel = `rows.${deps.module}`;
  const changedChannel = `changed.${deps.module}`;
  let rows = false;
  let keys: string[] = [];
  let isDue = false;
  hints.listen(rowsChannel, deps.rowsElsewhere);
  hints.listen(changedChannel, (text) => deps.changedElsewhere(text.split(" ")));

  function tell() {
    isDue = false;
    if (rows) hints.tell(rowsChannel, "");
    if (keys.length > 0) hints.tell(changedChannel, keys.join(" "));
    rows = false;
    keys = [];
  }

  return {
    committed(what) {
      rows ||= what.rows;
      keys.push(...what.keys.slice(0, KEYS_LIMIT - keys.length));
      if (isDue || !(rows || keys.length > 0)) return;
      isDue = true;
      scheduler.after(TOGETHER_MS, tell);
    },
  };
}
