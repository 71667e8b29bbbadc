import type { Clock } from "./clock.ts";
import type { Log } from "./messages/log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One JSON line an event on `write`, from `least` up. */
export function createLog(clock: Clock, least: LogLevel, write: (line: string) => void): Log {
  return (level, event, fields) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    write(JSON.stringify({ time: new Date(clock.now()).toISOString(), level, event, ...fields }));
  };
}
