/** The log of this process, on one of its outputs. */
import { systemClock as clock } from "../clock.ts";
import type { PlatformConfig } from "../config/settings.ts";
import { createIds } from "../ids.ts";
import type { Log, LogLevel } from "../log.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { serviceNameOf } from "../service-name.ts";
import { activeSpan } from "../telemetry/active-span.ts";
import { createLog, type LogSettings } from "../telemetry/logs/create-log.ts";
import { jsonLine, textLine } from "../telemetry/logs/line-format.ts";
import { createLineOutput, type LineOutput, type LineStream } from "../telemetry/logs/line-output.ts";
import { mayColour } from "./terminal.ts";

/** How lines look: `auto` is text on a terminal, else JSON. */
export type LogFormat = "auto" | "json" | "text";

interface ProcessLogSettings {
  readonly output: ProcessOutput;
  readonly format: LogFormat;
  readonly least: LogSettings["least"];
  /** Who speaks; on each line of JSON. */
  readonly about?: { readonly service: string; readonly instance: string };
  readonly runningTraceId?: () => string | undefined;
}

export interface ProcessLog {
  readonly log: Log;
  /** Writes what is counted and hands over what is queued, for as long as that may take at an end. */
  end(): Promise<void>;
}

/** One of this process's outputs; all that logs to it shares its queue. */
export interface ProcessOutput {
  readonly stream: LineStream & { readonly isTTY?: boolean };
  readonly lines: LineOutput;
}

/** A reader that does not read must not keep a process from its end. */
const END_WITHIN_MS = 500;

/** The log of a process of the platform, as its configuration says. */
export interface PlatformLog extends ProcessLog {
  /** Names this process among its replicas. */
  readonly instance: string;
}

export const openOutput = (stream: ProcessOutput["stream"]): ProcessOutput => ({
  stream,
  lines: createLineOutput(stream, scheduler),
});

/** The format of that output where `auto` is asked for. */
export const formatOn = (format: LogFormat, stream: { readonly isTTY?: boolean }): "json" | "text" =>
  format !== "auto" ? format : stream.isTTY === true ? "text" : "json";

/** Opens it; each line of JSON says who speaks. */
export function openPlatformLog(
  output: ProcessOutput,
  config: PlatformConfig<string>,
  least: () => LogLevel = () => config.logLevel,
): PlatformLog {
  const instance = createIds(clock, systemRandom()).next();
  const about = { service: serviceNameOf(config), instance };
  const settings = { output, format: config.logFormat, least, about };
  return { ...openProcessLog({ ...settings, runningTraceId: () => activeSpan()?.parent.traceId }), instance };
}

/** Opens a log on that output. */
export function openProcessLog(settings: ProcessLogSettings): ProcessLog {
  const { output, format, least, about, runningTraceId } = settings;
  const { stream, lines } = output;
  const coloured = mayColour(stream, process.env);
  const { log, flush } = createLog({
    clock,
    scheduler,
    least,
    render: formatOn(format, stream) === "json" ? jsonLine : (entry) => textLine(entry, coloured),
    write: lines.write,
    takeLost: lines.takeLost,
    ...(about ? { about: { ...about } } : {}),
    ...(runningTraceId ? { runningTraceId } : {}),
  });
  return {
    log,
    end() {
      flush();
      return lines.end(END_WITHIN_MS);
    },
  };
}
