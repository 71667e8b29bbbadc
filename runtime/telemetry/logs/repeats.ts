/**
 * Keeps a flood of one kind of line from drowning all others. The first lines of a kind within a window are written;
 * the rest is counted, and told when the window ends by the last of them with `repeated`: so many lines it stands for,
 * itself included. While the flood lasts there is one such line a window; after a window without any it begins afresh.
 *
 * A kind is an event of a module with what its error says, numbers, ids and quoted values left out. Kinds that are
 * remembered are bounded: beyond that an event of a module is one kind, whatever its errors say, and events and modules
 * are finite. No timer runs while nothing is held back.
 */
import type { Clock } from "../../clock.ts";
import type { LogEntry } from "../../log.ts";
import type { Scheduler } from "../../scheduler.ts";

interface RepeatsDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Writes the line that stands for those that were held back. */
  readonly tell: (entry: LogEntry) => void;
}

export interface Repeats {
  /** Whether the line is to be written; else it is counted. */
  passes(entry: LogEntry): boolean;
  /** Tells at once what is counted. */
  flush(): void;
}

export const REPEAT_LIMITS = { first: 20, windowMs: 10_000, kinds: 500 };

interface Kind {
  sinceMs: number;
  written: number;
  /** Those of this window that were not written, and the last of them. */
  held: { count: number; last: LogEntry; readonly cancel: () => void } | null;
}

export function createRepeats({ clock, scheduler, tell }: RepeatsDeps, limits = REPEAT_LIMITS): Repeats {
  const kinds = new Map<string, Kind>();

  /** Also when the clock was set back, which must not lengthen a window. */
  const isOver = ({ sinceMs, held }: Kind) => {
    const ageMs = clock.now() - sinceMs;
    return held === null && (ageMs >= limits.windowMs || ageMs < 0);
  };

  function kindOf(entry: LogEntry): Kind {
    const group = `${entry.event} ${entry.fields["module"] ?? ""}`;
    const name = `${group} ${wordsOf(entry)}`;
    const known = kinds.get(name);
    if (known) return known;
    if (kinds.size >= limits.kinds) for (const [each, kind] of kinds) if (isOver(kind)) kinds.delete(each);
    const bounded = kinds.size < limits.kinds ? name : group;
    const kind = kinds.get(bounded) ?? { sinceMs: clock.now(), written: 0, held: null };
    kinds.set(bounded, kind);
    return kind;
  }

  function hold(kind: Kind, entry: LogEntry) {
    if (kind.held) {
      kind.held.count += 1;
      kind.held.last = entry;
      return;
    }
    const restMs = Math.max(0, kind.sinceMs + limits.windowMs - clock.now());
    const cancel = scheduler.after(Math.min(restMs, limits.windowMs), () => endWindow(kind));
    kind.held = { count: 1, last: entry, cancel };
  }

  function endWindow(kind: Kind) {
    const { held } = kind;
    if (held === null) return;
    held.cancel();
    kind.held = null;
    kind.sinceMs = clock.now();
    tell({ ...held.last, fields: { ...held.last.fields, repeated: held.count } });
  }

  return {
    passes(entry) {
      const kind = kindOf(entry);
      if (isOver(kind)) Object.assign(kind, { sinceMs: clock.now(), written: 0 });
      if (kind.written >= limits.first) {
        hold(kind, entry);
        return false;
      }
      kind.written += 1;
      return true;
    },
    flush() {
      for (const kind of kinds.values()) endWindow(kind);
    },
  };
}

const WORDS_LIMIT = 200;
const VARIABLE = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|"[^"]*"|'[^']*'|\d+/gi;

/** What tells one kind of error from another of the same event. */
function wordsOf({ fields }: LogEntry): string {
  const said = fields["error"] ?? fields["message"];
  if (typeof said !== "string") return "";
  const [line = ""] = said.slice(0, 2 * WORDS_LIMIT).split("\n", 1);
  return line.replaceAll(VARIABLE, "#").slice(0, WORDS_LIMIT);
}
