import { systemClock } from "../clock.ts";
import { reconciliationSchema } from "../edge/reconcile-route.ts";
import { flagsOf } from "./arguments.ts";
import { checkFiguresFile, figureReport, stated, writeFigures } from "./figures.ts";
import { OperatorError, operatorClient, operatorFlags, operatorHelp } from "./operator-client.ts";

export const help = `reconcile: check the invariants over all modules of a running platform.

  bun run reconcile
  bun run reconcile --url https://shop.example --token "$TOKEN" --json /tmp/reconcile.json

${operatorHelp}
  --json FILE    writes the figures

Stock, money, orders, once, sequence, agreement: one line for each violation. Orders under way are told apart.
Exit code 0 only when all hold.`;

export const flags = { ...operatorFlags, json: "string" } as const;

export async function run(args: readonly string[]): Promise<number> {
  const given = flagsOf(args, flags);
  checkFiguresFile(given.json);
  const startedAtMs = systemClock.now();
  const ask = await operatorClient(given);
  const { body } = await ask({ method: "GET", path: "/ops/reconcile" });
  const answer = reconciliationSchema.safeParse(body);
  if (!answer.success) throw new OperatorError("The answer is not one of this version: is --url a platform's address?");
  const { ok, violations, checkedAt, checked } = answer.data;
  for (const { invariant, subject, detail } of violations) console.log(`${invariant}  ${subject}: ${detail}`);
  if (checked.violations > violations.length) console.log(`… and ${checked.violations - violations.length} more`);
  console.log(
    `${checkedAt}: ${checked.orders} orders (${checked.inFlight} in flight, ${checked.parked} parked), ${checked.stocks} stocks, ${checked.violations} violations`,
  );
  const figures = [
    stated("reconcile.orders", checked.orders, "orders"),
    stated("reconcile.inFlight", checked.inFlight, "orders"),
    stated("reconcile.parked", checked.parked, "orders"),
    { ...stated("reconcile.violations", checked.violations, "violations"), wanted: "0", holds: ok },
  ];
  writeFigures(given.json, figureReport("reconcile", startedAtMs, figures, []));
  return ok ? 0 : 1;
}
