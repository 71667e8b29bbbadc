/**
 * Whether `reconcile` lists what must be mended after a restore: everything that stands otherwise than it did, and nothing
 * else. Pure.
 *
 * Two things are not listed by themselves. Totals (a product's stock, a coupon's uses) follow from orders, so they may
 * differ where a listed order does in the same module. And what one module did that no message told of, such as units
 * that an operator booked in, is lost without a trace in anybody else's books: `untold` names what was done so on purpose.
 */
import type { Difference } from "./standing.ts";

export interface Listed {
  readonly invariant: string;
  readonly subject: string;
  readonly detail: string;
}

/** Of these alone an order may be listed that stands as it did: its numbers do not. */
const OF_NUMBERS: readonly string[] = ["sequence", "agreement"];

/** What is wrong with the listing, one line each. */
export function faultsOfListing(
  found: readonly Difference[],
  listed: readonly Listed[],
  untold: readonly string[],
): readonly string[] {
  const isListed = new Set(listed.map(({ subject }) => subject));
  const differs = new Set(found.map(({ subject }) => subject));
  const changedIn = (module: string) =>
    found.filter(
      ({ subject, changes }) => isListed.has(subject) && changes.some((one) => one.startsWith(`${module}:`)),
    );
  const missing = found.filter(({ subject, changes }) => {
    if (isListed.has(subject) || untold.includes(subject)) return false;
    if (subject.startsWith("order ")) return true;
    return changes.every((change) => changedIn(change.slice(0, change.indexOf(":"))).length === 0);
  });
  const groundless = listed.filter(
    ({ subject, invariant }) => !differs.has(subject) && !OF_NUMBERS.includes(invariant),
  );
  return [
    ...missing.map(({ subject, changes }) => `not listed: ${subject}, ${changes.join(", ")}`),
    ...groundless.map(({ subject, detail }) => `listed, and stands as before: ${subject}, ${detail}`),
  ];
}

/** Details that a runbook says nothing about. `known`: its patterns, in which … stands for anything. */
export function unknownDetails(listed: readonly Listed[], known: readonly string[]): readonly string[] {
  const patterns = known.map((text) => new RegExp(`^${text.split("…").map(RegExp.escape).join(".+")}$`));
  const details = listed.map(({ detail }) => detail).filter((detail) => !patterns.some((each) => each.test(detail)));
  return [...new Set(details)];
}

/** The patterns of a runbook: what stands as code in the first column of its tables. */
export const patternsIn = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) +\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text),
  );
