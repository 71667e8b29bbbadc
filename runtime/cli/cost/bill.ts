/** What an environment costs a month, and what it would cost otherwise. Pure: counts and prices are given. */

export type Quantities = Readonly<Record<string, number>>;

export interface Price {
  readonly usd: number;
  readonly per: "hour" | "month";
  readonly source: string;
}

export interface PriceList {
  readonly hoursPerMonth: number;
  readonly prices: Readonly<Record<string, Price>>;
}

export interface Line {
  readonly item: string;
  readonly quantity: number;
  readonly usdPerMonth: number;
}

/** A line an item. Throws where an item has no price, and names all of them. */
export function billOf(quantities: Quantities, { hoursPerMonth, prices }: PriceList): readonly Line[] {
  const missing = Object.keys(quantities).filter((item) => prices[item] === undefined);
  if (missing.length > 0) throw new Error(`infra/prices.json has no price of ${missing.join(", ")}`);
  return Object.entries(quantities).flatMap(([item, quantity]) => {
    const price = prices[item];
    if (price === undefined || quantity === 0) return [];
    return [{ item, quantity, usdPerMonth: quantity * price.usd * (price.per === "hour" ? hoursPerMonth : 1) }];
  });
}

export const totalOf = (lines: readonly Line[]): number => lines.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0);

const renamed = (quantities: Quantities, rename: (item: string) => string): Quantities => {
  const sums: Record<string, number> = {};
  for (const [item, quantity] of Object.entries(quantities)) {
    const name = rename(item);
    sums[name] = (sums[name] ?? 0) + quantity;
  }
  return sums;
};

/** The same with every node on demand. */
export const withoutSpot = (quantities: Quantities): Quantities =>
  renamed(quantities, (item) => item.replace(/^(ec2 .+) spot$/, "$1 on demand"));

/** As large nodes of x86, which Terraform takes where `graviton` is false: it changes nodes alone. */
const X86: Readonly<Record<string, string>> = {
  "t4g.large": "t3.large",
  "m6g.large": "m6i.large",
  "m7g.large": "m7i.large",
};

/** The same with nodes of x86. */
export const withoutGraviton = (quantities: Quantities): Quantities =>
  renamed(quantities, (item) => item.replace(/^ec2 (\S+)/, (_all, type: string) => `ec2 ${X86[type] ?? type}`));

/** The same with everything in one process: no brokers, and one database in the place of those that modules have. */
export function inOneProcess(quantities: Quantities): Quantities {
  const databases = Object.entries(quantities).reduce(
    (sum, [item, quantity]) => (/^rds db\./.test(item) ? sum + quantity : sum),
    0,
  );
  return Object.fromEntries(
    Object.entries(quantities).flatMap(([item, quantity]) => {
      if (item.startsWith("msk ")) return [];
      const isOfDatabases = item.startsWith("rds ") || item === "secrets manager secret";
      return [[item, isOfDatabases && databases > 0 ? quantity / databases : quantity]];
    }),
  );
}
