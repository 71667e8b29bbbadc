/** `cost`: what each environment costs a month while nobody uses it, by infra/planned.json and infra/prices.json. */
import * as z from "zod";
import planned from "../../infra/planned.json";
import prices from "../../infra/prices.json";
import { systemClock } from "../clock.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import {
  billOf,
  inOneProcess,
  type PriceList,
  type Quantities,
  totalOf,
  withoutGraviton,
  withoutSpot,
} from "./cost/bill.ts";
import { checkFiguresFile, type Figure, figureReport, stated, writeFigures } from "./figures.ts";

export const help = `cost: what each environment costs a month, item by item, and what Spot, Graviton and one process save.

  bun run cost
  bun run cost production --json /tmp/cost.json

What is paid for whether anybody uses it or not: nodes at their least, databases, brokers, cache, network, keys, alarms. Not
what use costs: traffic, logs, builds, requests, snapshots. Counts are Terraform's plans (infra/planned.json, which
\`verify infra\` holds against them and \`--draw\` writes); prices are infra/prices.json, each with its source; where the
source is an estimate so is the sum.

  --json FILE   writes the figures

Exit code 0 when every item has a price.`;

export const flags = { json: "string" } as const;

const list: PriceList & {
  readonly region: string;
  readonly recorded: string;
  readonly sources: Record<string, string>;
} = z
  .strictObject({
    region: z.string(),
    currency: z.literal("USD"),
    recorded: z.iso.date(),
    hoursPerMonth: z.number().positive(),
    sources: z.record(z.string(), z.string()),
    prices: z.record(
      z.string(),
      z.strictObject({ usd: z.number().positive(), per: z.enum(["hour", "month"]), source: z.string() }),
    ),
  })
  .parse(prices);
const environments: Readonly<Record<string, Quantities>> = z
  .record(z.string(), z.record(z.string(), z.number().nonnegative()))
  .parse(planned);

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { flags: given, words } = wordsAndFlagsOf(args, flags);
  const unknown = words.find((name) => !(name in environments));
  if (unknown !== undefined)
    throw new UsageError(`cost: there is no environment ${unknown}; there are ${Object.keys(environments).join(", ")}`);
  checkFiguresFile(given.json);
  const startedAtMs = systemClock.now();
  const chosen = Object.entries(environments).filter(([name]) => words.length === 0 || words.includes(name));
  const figures: Figure[] = [];
  for (const [name, quantities] of chosen) {
    const lines = billOf(quantities, list);
    const total = totalOf(lines);
    console.log(`\n${name}, a month in ${list.region}, prices of ${list.recorded}`);
    for (const { item, quantity, usdPerMonth } of [...lines].sort((a, b) => b.usdPerMonth - a.usdPerMonth))
      console.log(`${usd(usdPerMonth)}  ${String(quantity).padStart(5)}  ${item}  (${list.prices[item]?.source})`);
    console.log(`${usd(total)}         in all`);
    figures.push(stated(`cost.${name}`, total, "USD a month"));
    for (const [what, figure, otherwise] of [
      ["Spot saves", "spotSaves", withoutSpot(quantities)],
      ["Graviton nodes save", "gravitonSaves", withoutGraviton(quantities)],
      ["one process would save", "oneProcessWouldSave", inOneProcess(quantities)],
    ] as const) {
      const difference = Math.abs(totalOf(billOf(otherwise, list)) - total);
      console.log(`${usd(difference)}         ${what}`);
      figures.push(stated(`cost.${name}.${figure}`, difference, "USD a month"));
    }
  }
  console.log("\nSources:");
  for (const [name, text] of Object.entries(list.sources)) console.log(`  ${name}: ${text}`);
  const notes = ["without what use costs: traffic, logs, builds, requests, snapshots", ...Object.values(list.sources)];
  writeFigures(given.json, figureReport("cost", startedAtMs, figures, notes));
  return 0;
}

const usd = (amount: number) => amount.toFixed(2).padStart(9);
