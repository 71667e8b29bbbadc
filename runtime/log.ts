import type { Clock } from "./clock.ts";

/**
 * What a line may hold: texts, numbers and lists of texts. No objects, errors or secrets: whoever reports one says which
 * part of it is told (runtime/error-text.ts).
 */
export type Printable = string | number | boolean | null | undefined | readonly string[];

/** What a process tells its operator. Names are stable; fields hold no personal data. */
export type Log = (
  level: "info" | "warn" | "error",
  event: string,
  fields: Readonly<Record<string, Printable>>,
) => void;

export type LogLevel = "debug" | "info" | "warn" | "error";

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One JSON line an event on `write`, from `least` up. */
export function createLog(clock: Clock, least: LogLevel, write: (line: string) => void): Log {
  return (level, event, fields) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    write(JSON.stringify({ time: new Date(clock.now()).toISOString(), level, event, ...fields }));
  };
}
