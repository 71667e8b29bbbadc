/**
 * The module's tables, and the statements of the product catalogue: one row a product, one a price. What baskets are
 * priced from is read set-based, many at once: terms-store.ts. Other statements stand in the store of what they are of.
 */
import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import * as z from "zod";
import { code, instant, json, minorUnits } from "../../runtime/database/columns.ts";
import type { Database, Row } from "../../runtime/database/port.ts";
import type { Positions } from "../../runtime/messages/aggregate.ts";
import { auditParameter, insertAudit, type OperatorAction } from "../../runtime/messages/audit.ts";
import type { Money } from "../../runtime/money.ts";
import type { Price } from "./basket.ts";
import { couponKinds } from "./coupon.ts";
import type { HoldStatus, Releaser } from "./coupon-hold.ts";
import type { PromotionTerms } from "./promotion.ts";
import type { ShippingBand } from "./shipping.ts";
import { type TaxClass, type TaxRates, taxClasses } from "./tax.ts";

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
export const couponHold = pgTable(
  "coupon_hold",
  {
    orderId: uuid("order_id").primaryKey(),
    code: code("code"),
    customerId: code("customer_id"),
    status: text("status").$type<HoldStatus>().notNull(),
    releasedBy: text("released_by").$type<Releaser>(),
    renewal: integer("renewal").notNull(),
    failures: integer("failures").notNull(),
    version: integer("version").notNull(),
    positions: json<Positions>("positions").notNull(),
  },
  // For reconcile (coupon-facts.ts).
  (table) => [index("coupon_hold_by_code").on(table.code)],
);

export const promotion = pgTable(
  "promotion",
  {
    id: uuid("id").primaryKey(),
    /** Promotions apply in the order of their creation. */
    sequence: bigint("sequence", { mode: "number" }).generatedAlwaysAsIdentity().notNull().unique(),
    enabled: boolean("enabled").notNull(),
    terms: json<PromotionTerms>("terms").notNull(),
    /** As in `terms`, for the index: baskets are priced from those that are not over. */
    validUntil: instant("valid_until").notNull().default(sql`'infinity'`),
  },
  (table) => [index("promotion_to_come").on(table.validUntil).where(sql`${table.enabled}`)],
);

export const taxRate = pgTable("tax_rate", {
  country: code("country").primaryKey(),
  inclusive: boolean("inclusive").notNull(),
  rates: json<TaxRates["rates"]>("rates").notNull(),
});

export const shippingRate = pgTable(
  "shipping_rate",
  {
    country: code("country").notNull(),
    currency: code("currency").notNull(),
    bands: json<readonly ShippingBand[]>("bands").notNull(),
  },
  (table) => [primaryKey({ columns: [table.country, table.currency] })],
);

export const quote = pgTable(
  "quote",
  {
    id: uuid("id").primaryKey(),
    customerId: code("customer_id").notNull(),
    addressDigest: uuid("address_digest").notNull(),
    couponCode: code("coupon_code"),
    price: json<Price>("price").notNull(),
    /** Of the idempotency key that leads to it: as long as that is kept, so is the quote. */
    scope: uuid("scope"),
    expiresAt: instant("expires_at").notNull(),
    createdAt: instant("created_at").notNull(),
  },
  (table) => [index("quote_by_age").on(table.createdAt, table.id)],
);

export interface Product {
  readonly sku: string;
  readonly name: string;
  /** One a currency, in the order of the currencies' codes. */
  readonly prices: readonly Money[];
  readonly taxClass: TaxClass;
  readonly weightGrams: number;
  readonly version: number;
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

const GIVEN = `x as materialized (
      select * from json_to_recordset($1::text::json)
        as x(sku text, name text, tax_class text, weight_grams integer, prices json)
    )`;

const givenRows = (products: readonly Omit<Product, "version">[]) =>
  JSON.stringify(
    products.map(({ sku, name, taxClass, weightGrams, prices }) => ({
      sku,
      name,
      tax_class: taxClass,
      weight_grams: weightGrams,
      prices,
    })),
  );

/** Adds the products whose SKU is new, with their prices; the others stay as they are. */
export async function addNewProducts(database: Database, products: readonly Omit<Product, "version">[]): Promise<void> {
  await database.query({
    text: `with ${GIVEN}, added as (
      insert into product (sku, name, tax_class, weight_grams, version)
      select sku, name, tax_class, weight_grams, 1 from x order by sku
      on conflict do nothing returning sku
    )
    insert into price (sku, currency, amount)
    select x.sku, y.currency, y.amount
    from added join x on x.sku = added.sku cross join json_to_recordset(x.prices) as y(currency text, amount bigint)`,
    params: [givenRows(products)],
  });
}

/**
 * Saves a product over the version before its own; version 1 is a new one. False where that is not the version there is.
 * The guard also keeps the prices whole: what it lets through has seen all of the last write's.
 */
export async function saveProduct(
  database: Database,
  product: Product,
  operator: OperatorAction | null,
  atMs: number,
): Promise<boolean> {
  const rows = await database.query({
    text: `with ${GIVEN}, added as (
      insert into product (sku, name, tax_class, weight_grams, version)
      select sku, name, tax_class, weight_grams, 1 from x where $2::integer = 1
      on conflict do nothing returning sku
    ), changed as (
      update product p set name = x.name, tax_class = x.tax_class, weight_grams = x.weight_grams, version = $2::integer
      from x where p.sku = x.sku and p.version = $2::integer - 1 returning p.sku
    ), saved as (
      select sku from added union all select sku from changed
    ), listed as (
      select saved.sku, y.currency, y.amount
      from saved join x on x.sku = saved.sku cross join json_to_recordset(x.prices) as y(currency text, amount bigint)
    ), gone as (
      delete from price using saved
      where price.sku = saved.sku and price.currency not in (select currency from listed)
    ), priced as (
      insert into price (sku, currency, amount) select sku, currency, amount from listed
      on conflict (sku, currency) do update set amount = excluded.amount
    ), ${insertAudit("select from saved", 3)}
    select sku from saved`,
    params: [givenRows([product]), product.version, auditParameter(operator, { key: product.sku, atMs })],
  });
  return rows.length > 0;
}
