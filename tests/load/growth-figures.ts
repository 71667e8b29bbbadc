/** The figures of `bench growth`, from what its rounds measured and what the database has come to. */
import { atLeast, atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import type { coreRows } from "./drain.ts";
import { median } from "./latency.ts";
import type { LoadWindow } from "./load-window.ts";

/** What of a window counts here. */
export type MeasuredGrowth = Pick<LoadWindow, "completedPerSecond" | "appCpuMs" | "databaseCpuMs"> & {
  readonly load: { readonly confirm: Pick<LoadWindow["load"]["confirm"], "p50Ms"> };
};

export interface GrowthRound {
  readonly none: MeasuredGrowth;
  readonly stored: MeasuredGrowth;
}

export interface TableSize {
  /** With its schema. */
  readonly name: string;
  /** With its indexes. */
  readonly bytes: number;
}

export interface Grown {
  /** How many were stored. */
  readonly orders: number;
  /** Stored ones and those that were measured. */
  readonly allOrders: number;
  /** Of the message core when nothing was left to do. */
  readonly rows: Awaited<ReturnType<typeof coreRows>>;
  readonly sizes: readonly TableSize[];
  readonly loadSeconds: number;
  readonly loadRows: number;
}

/** How many the wanted ratio is for. */
export const WANTED_AT = 10_000_000;

export const storedOverNone = ({ none, stored }: GrowthRound) => stored.completedPerSecond / none.completedPerSecond;
export const cpuMsOf = ({ appCpuMs, databaseCpuMs }: MeasuredGrowth) => appCpuMs + databaseCpuMs;

/** Ratios are taken within a round, and the median of the rounds is the figure; it has a bound for ten million alone. */
export function growthFigures(rounds: readonly GrowthRound[], grown: Grown): Figure[] {
  const ratios = rounds.map(storedOverNone);
  const name = `growth.at${inShort(grown.orders)}`;
  const of = (side: keyof GrowthRound, read: (measured: MeasuredGrowth) => number) =>
    median(rounds.map((round) => read(round[side])));
  const bytes = grown.sizes.reduce((sum, size) => sum + size.bytes, 0);
  return [
    grown.orders === WANTED_AT ? atLeast(name, median(ratios), "x", 0.9) : stated(name, median(ratios), "x"),
    stated(`${name}Lowest`, Math.min(...ratios), "x"),
    stated(`${name}Highest`, Math.max(...ratios), "x"),
    ...(["stored", "none"] as const).flatMap((side) => [
      stated(
        `growth.${side}PerSecond`,
        of(side, (measured) => measured.completedPerSecond),
        "orders/s",
      ),
      stated(`growth.${side}CpuMs`, of(side, cpuMsOf), "ms/order"),
      stated(
        `growth.${side}CpuMsDatabase`,
        of(side, (measured) => measured.databaseCpuMs),
        "ms/order",
      ),
      stated(
        `growth.${side}ConfirmMs`,
        of(side, ({ load }) => load.confirm.p50Ms),
        "ms",
      ),
    ]),
    // Orders that rest leave nothing of these, however many there are.
    ...(["outbox", "inbox", "timer", "callIntent", "deadLetter"] as const).map((kind) =>
      atMost(`growth.${kind}Rows`, grown.rows[kind], "rows", 0),
    ),
    stated("growth.idempotencyRows", grown.rows.idempotency, "rows"),
    stated("growth.loadSeconds", grown.loadSeconds, "s"),
    stated("growth.loadRowsPerSecond", grown.loadRows / grown.loadSeconds, "rows/s"),
    stated("growth.bytesPerOrder", bytes / grown.allOrders, "bytes"),
    stated("growth.databaseMb", bytes / 1e6, "MB"),
    ...grown.sizes.map((size) => stated(`growth.tableMb.${size.name}`, size.bytes / 1e6, "MB")),
  ];
}

/** 10000000 is 10M, 200000 is 200k; others are written out. */
function inShort(count: number): string {
  if (count % 1_000_000 === 0) return `${count / 1_000_000}M`;
  return count % 1_000 === 0 ? `${count / 1_000}k` : String(count);
}
