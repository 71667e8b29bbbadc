/**
 * What a process tells its operator: one line an event, with the trace and the order that it is about, so that lines of
 * all modules join. Telling never throws and never waits (telemetry/logs/create-log.ts).
 */

/**
 * What a line may hold: texts, numbers and lists of texts. No objects, errors or secrets: whoever reports one says which
 * part of it is told (runtime/error-text.ts).
 */
export type Printable = string | number | boolean | null | undefined | readonly string[];

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Beside what each line has. `traceId`: of what the line is about, where that is not what runs at the moment. */
export type LogFields = Readonly<Record<string, Printable>> & {
  readonly time?: never;
  readonly level?: never;
  readonly event?: never;
  readonly module?: string | undefined;
  readonly orderId?: string | undefined;
  readonly traceId?: string | undefined;
};

/** Names are stable, each has its row in docs/logs.md; fields hold no personal data. */
export type Log = (level: LogLevel, event: string, fields: LogFields) => void;

/** A line before it is text. */
export interface LogEntry {
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: Readonly<Record<string, Printable>>;
}

/** The same log, for what belongs to one module. */
export const inModule =
  (log: Log, module: string): Log =>
  (level, event, fields) =>
    log(level, event, { module, ...fields });
