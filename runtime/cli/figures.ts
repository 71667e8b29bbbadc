/** Figures of a command: printed for people, written as JSON for machines, judged against what is wanted. */
import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { UsageError } from "./arguments.ts";

export interface Figure {
  /** Stable: `orders.overReference`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** In words, as printed: `>= 4.0`. */
  readonly wanted?: string;
  readonly holds?: boolean;
}

export interface FigureReport {
  readonly command: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly machine: {
    readonly platform: string;
    readonly arch: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryMb: number;
  };
  readonly figures: readonly Figure[];
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
}

/** A figure that must not be lower than a bound. */
export function atLeast(name: string, value: number, unit: string, bound: number): Figure {
  return { name, value: rounded(value), unit, wanted: `>= ${bound}`, holds: value >= bound };
}

/** A figure that must not be higher than a bound. */
export function atMost(name: string, value: number, unit: string, bound: number): Figure {
  return { name, value: rounded(value), unit, wanted: `<= ${bound}`, holds: value <= bound };
}

/** A figure without a bound of its own. */
export function stated(name: string, value: number, unit: string): Figure {
  return { name, value: rounded(value), unit };
}

/** Puts a report together with what the machine is. */
export function figureReport(
  command: string,
  startedAtMs: number,
  figures: readonly Figure[],
  notes: readonly string[],
): FigureReport {
  const machine = {
    platform: process.platform,
    arch: process.arch,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
  };
  return { command, startedAt: new Date(startedAtMs).toISOString(), machine, figures, notes };
}

/** The report as a table for the terminal. */
export function figureTable(report: FigureReport): string {
  const width = Math.max(...report.figures.map((figure) => figure.name.length));
  const lines = report.figures.map((figure) => {
    const verdict =
      figure.holds === undefined ? "" : `   wanted ${figure.wanted}: ${figure.holds ? "holds" : "DOES NOT HOLD"}`;
    return `${figure.name.padEnd(width)}  ${String(figure.value).padStart(10)} ${figure.unit}${verdict}`;
  });
  return [...lines, ...report.notes.map((note) => `note: ${note}`)].join("\n");
}

/** Refuses a `--json FILE` that cannot be written, before the work whose figures it is to take; creates nothing. */
export function checkFiguresFile(file: string | undefined): void {
  if (file === undefined) return;
  let isDirectory = file === "";
  try {
    const found = isDirectory ? undefined : statSync(file, { throwIfNoEntry: false });
    isDirectory ||= found?.isDirectory() === true;
    if (found !== undefined) accessSync(file, constants.W_OK);
    else accessSync(dirname(resolve(file)), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(file, error);
  }
  if (isDirectory) throw new UsageError(`--json ${file}: give a file, not a directory`);
}

/** Writes a report as JSON where a command was given `--json FILE`. */
export function writeFigures(file: string | undefined, report: unknown): void {
  if (file === undefined) return;
  try {
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): UsageError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const why = code === "ENOENT" ? `there is no directory ${dirname(resolve(file))}` : String(code ?? error);
  return new UsageError(`--json ${file} cannot be written (${why}): give another file`);
}

/** Whether every figure that has a bound keeps it. */
export function allHold(report: FigureReport): boolean {
  return report.figures.every((figure) => figure.holds !== false);
}

function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}
