/**
 * The module's tables, and the statements of the product catalogue: one row a product, one a price. Prices are read
 * set-based, many baskets at once. The statements of coupons: coupon-store.ts.
 */
import { sql } from "drizzle-orm";
import { check, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import * as z from "zod";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import { code, instant, json, minorUnits } from "../../runtime/database/columns.ts";
import type { Database, Lane, Row } from "../../runtime/database/port.ts";
import type { Positions } from "../../runtime/messages/aggregate.ts";
import type { Money } from "../../runtime/money.ts";
import { couponKinds } from "./coupon.ts";
import type { HoldStatus, Releaser } from "./coupon-hold.ts";

export const taxClasses = ["standard", "reduced", "zero"] as const;
export type TaxClass = (typeof taxClasses)[number];

export const product = pgTable(
  "product",
  {
    sku: code("sku").primaryKey(),
    name: text("name").notNull(),
    taxClass: text("tax_class", { enum: taxClasses }).notNull(),
    weightGrams: integer("weight_grams").notNull(),
    version: integer("version").notNull(),
  },
  (table) => [
    check("product_tax_class", sql`${table.taxClass} in ('standard', 'reduced', 'zero')`),
    check("product_weight_grams", sql`${table.weightGrams} >= 0`),
  ],
);

export const price = pgTable(
  "price",
  {
    sku: code("sku")
      .notNull()
      .references(() => product.sku, { onDelete: "cascade" }),
    currency: code("currency").notNull(),
    amount: minorUnits("amount").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.currency] }),
    check("price_amount", sql`${table.amount} between 0 and 9007199254740991`),
  ],
);

export const coupon = pgTable(
  "coupon",
  {
    code: code("code").primaryKey(),
    kind: text("kind", { enum: couponKinds }).notNull(),
    value: minorUnits("value"),
    currency: code("currency"),
    validFrom: instant("valid_from"),
    validUntil: instant("valid_until"),
    minimumAmount: minorUnits("minimum_amount"),
    minimumCurrency: code("minimum_currency"),
    totalLimit: integer("total_limit"),
    perCustomerLimit: integer("per_customer_limit"),
  },
  (table) => [check("coupon_kind", sql`${table.kind} in ('percentage', 'fixed', 'free_shipping')`)],
);

/**
 * Uses of a coupon, held ones among them. The row of the empty customer counts all of them; who changes any row of a
 * coupon has locked that one. Customers are counted where the coupon has a limit for each.
 */
export const couponUses = pgTable(
  "coupon_uses",
  {
    code: code("code").notNull(),
    customerId: code("customer_id").notNull(),
    uses: integer("uses").notNull(),
    version: integer("version").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.code, table.customerId] }),
    check("coupon_uses_uses", sql`${table.uses} >= 0`),
  ],
);

/** The use of a coupon that is held for an order. The key is the order's id. */
export const couponHold = pgTable("coupon_hold", {
  orderId: uuid("order_id").primaryKey(),
  code: code("code"),
  customerId: code("customer_id"),
  status: text("status").$type<HoldStatus>().notNull(),
  releasedBy: text("released_by").$type<Releaser>(),
  renewal: integer("renewal").notNull(),
  failures: integer("failures").notNull(),
  version: integer("version").notNull(),
  positions: json<Positions>("positions").notNull(),
});

export interface Product {
  readonly sku: string;
  readonly name: string;
  /** One a currency, in the order of the currencies' codes. */
  readonly prices: readonly Money[];
  readonly taxClass: TaxClass;
  readonly weightGrams: number;
  readonly version: number;
}

export interface PriceQuestion {
  readonly sku: string;
  readonly currency: string;
}

/** What is known of a product in one currency; `unitPrice` is null where it has no price in it. */
export interface ProductPrice extends PriceQuestion {
  readonly unitPrice: number | null;
}

const PRICES = `select p.sku, x.currency, price.amount
from unnest($1::text[], $2::text[]) as x(sku, currency)
join product p on p.sku = x.sku
left join price on price.sku = x.sku and price.currency = x.currency`;

/** The prices of known products; a question about an unknown one has no row in the answer. */
export async function readPrices(lane: Lane, questions: readonly PriceQuestion[]): Promise<ProductPrice[]> {
  const rows = await lane.run({
    text: PRICES,
    params: [arrayLiteral(questions.map(({ sku }) => sku)), arrayLiteral(questions.map(({ currency }) => currency))],
  });
  return rows.map((row) => ({
    sku: String(row["sku"]),
    currency: String(row["currency"]),
    unitPrice: row["amount"] === null ? null : Number(row["amount"]),
  }));
}

const PRODUCT = `select p.sku, p.name, p.tax_class, p.weight_grams, p.version,
  (select coalesce(json_agg(json_build_object('amount', price.amount, 'currency', price.currency) order by price.currency), '[]')
    from price where price.sku = p.sku) as prices
from product p`;

const pricesColumn = z.array(z.object({ amount: z.int(), currency: z.string() }));

const decodeProduct = (row: Row): Product => ({
  sku: String(row["sku"]),
  name: String(row["name"]),
  prices: pricesColumn.parse(row["prices"]),
  taxClass: z.enum(taxClasses).parse(row["tax_class"]),
  weightGrams: Number(row["weight_grams"]),
  version: Number(row["version"]),
});

/** At most `limit` products after `afterSku`, in the order of their SKUs. */
export async function listProducts(database: Database, afterSku: string | null, limit: number): Promise<Product[]> {
  // No SKU is empty, so the empty text stands before the first one.
  const rows = await database.query({
    text: `${PRODUCT} where p.sku > $1 order by p.sku limit $2::integer`,
    params: [afterSku ?? "", limit],
  });
  return rows.map(decodeProduct);
}

export async function findProduct(database: Database, sku: string): Promise<Product | undefined> {
  const [row] = await database.query({ text: `${PRODUCT} where p.sku = $1`, params: [sku] });
  return row && decodeProduct(row);
}

/** Adds the products whose SKU is new, with their prices; the others stay as they are. */
export async function addNewProducts(database: Database, products: readonly Omit<Product, "version">[]): Promise<void> {
  await database.query({
    text: `with x as materialized (
      select * from json_to_recordset($1::text::json)
        as x(sku text, name text, tax_class text, weight_grams integer, prices json)
    ), added as (
      insert into product (sku, name, tax_class, weight_grams, version)
      select sku, name, tax_class, weight_grams, 1 from x order by sku
      on conflict do nothing returning sku
    )
    insert into price (sku, currency, amount)
    select x.sku, y.currency, y.amount
    from added join x on x.sku = added.sku cross join json_to_recordset(x.prices) as y(currency text, amount bigint)`,
    params: [
      JSON.stringify(
        products.map(({ sku, name, taxClass, weightGrams, prices }) => ({
          sku,
          name,
          tax_class: taxClass,
          weight_grams: weightGrams,
          prices,
        })),
      ),
    ],
  });
}
