/**
 * The log of a process. It never throws and never waits: what a line costs is its write (line-output.ts). A flood of one
 * kind is summarised (repeats.ts), lines that could not be written are counted, and both are told.
 */
import type { Clock } from "../../clock.ts";
import type { Log, LogEntry, LogLevel, Printable } from "../../log.ts";
import type { Scheduler } from "../../scheduler.ts";
import { createRepeats } from "./repeats.ts";

export interface LogSettings {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** The least level that is written; asked at each line where it can change. */
  readonly least: LogLevel | (() => LogLevel);
  readonly render: (entry: LogEntry) => string;
  readonly write: (line: string) => void;
  /** How many lines could not be written since this was asked last; 0 while there is still no room to say so. */
  readonly takeLost?: () => number;
  /** On each line: who speaks. */
  readonly about?: Readonly<Record<string, Printable>>;
  /** Of the trace that runs at the moment. */
  readonly runningTraceId?: () => string | undefined;
}

export interface Logging {
  readonly log: Log;
  /** Writes what has been counted and not told; for the end. */
  readonly flush: () => void;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

const fixed = (rank: number) => () => rank;

/** The log of a process. */
export function createLog(settings: LogSettings): Logging {
  const { clock, scheduler, least, render, write, takeLost, about = {}, runningTraceId } = settings;
  const repeats = createRepeats({ clock, scheduler, tell: (entry) => write(render(entry)) });
  const rank = typeof least === "string" ? fixed(ORDER.indexOf(least)) : () => ORDER.indexOf(least());

  /** Whatever the least level is, and however often: else it would not be told how much is missing. */
  function tellLost() {
    const lines = takeLost?.() ?? 0;
    if (lines > 0) log("warn", "log.lost", { lines });
  }

  const log: Log = (level, event, fields) => {
    const isLoss = event === "log.lost";
    if (ORDER.indexOf(level) < rank() && !isLoss) return;
    tellLost();
    const traceId = fields.traceId ?? runningTraceId?.();
    const entry = { timeMs: clock.now(), level, event, fields: { ...about, ...fields, traceId } };
    // Whoever debugs is told everything.
    if (isLoss || level === "debug" || repeats.passes(entry)) write(render(entry));
  };

  return {
    log,
    flush() {
      repeats.flush();
      tellLost();
    },
  };
}
