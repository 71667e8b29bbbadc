/** All that baskets are priced from, of many baskets at once and as of one moment. */
import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import type { Lane, Row } from "../../runtime/database/port.ts";
import type { ProductTerms } from "./basket.ts";
import { type ActivePromotion, activePromotion } from "./promotion.ts";
import { termsColumn } from "./promotion-store.ts";
import type { ShippingBand } from "./shipping.ts";
import type { TaxClass, TaxRates } from "./tax.ts";

export interface TermsQuestion {
  readonly products: readonly { readonly sku: string; readonly currency: string }[];
  readonly destinations: readonly { readonly country: string; readonly currency: string }[];
}

/** What is unknown has no entry. */
export interface FoundTerms {
  readonly products: readonly (ProductTerms & TermsQuestion["products"][number])[];
  /** The enabled ones that are not over, in the order of their creation. */
  readonly promotions: readonly ActivePromotion[];
  readonly taxes: readonly (TaxRates & { readonly country: string })[];
  readonly shippings: readonly (TermsQuestion["destinations"][number] & { readonly bands: readonly ShippingBand[] })[];
}

/** One row of what all baskets share, then one a product: of many, rows cost a half of what JSON does. */
const TERMS = `select null as sku, null as currency, null::bigint as amount, null as tax_class, null::integer as weight_grams,
  (select coalesce(json_agg(terms order by sequence), '[]') from promotion
    where enabled and valid_until > $5::text::timestamptz)::text as promotions,
  (select coalesce(json_agg(json_build_object('country', country, 'inclusive', inclusive, 'rates', rates)), '[]')
    from tax_rate where country = any($3::text[])) as taxes,
  (select coalesce(json_agg(json_build_object('country', s.country, 'currency', s.currency, 'bands', s.bands)), '[]')
    from unnest($3::text[], $4::text[]) as x(country, currency)
    join shipping_rate s on s.country = x.country and s.currency = x.currency) as shippings
union all
select p.sku, x.currency, price.amount, p.tax_class, p.weight_grams, null, null, null
from unnest($1::text[], $2::text[]) as x(sku, currency)
join product p on p.sku = x.sku
left join price on price.sku = x.sku and price.currency = x.currency`;

const promotionsColumn = z.array(termsColumn).transform((all) => all.map(activePromotion));
const taxesColumn = z.array(
  z.object({
    country: z.string(),
    inclusive: z.boolean(),
    rates: z.object({ standard: z.int(), reduced: z.int(), zero: z.int() }),
  }),
);
const shippingsColumn = z.array(
  z.object({
    country: z.string(),
    currency: z.string(),
    bands: z.array(z.object({ upToGrams: z.int().nullable(), amount: z.int() })),
  }),
);

/**
 * Answers each question once; a promotion that is over by the time of `clock` is left out. Promotions are parsed when
 * they are others than the last time, as they seldom are: there may be many, of many products.
 */
export function createTermsReader(lane: Lane, clock: Clock): (question: TermsQuestion) => Promise<FoundTerms> {
  let last: { readonly text: unknown; readonly promotions: readonly ActivePromotion[] } = {
    text: "[]",
    promotions: [],
  };

  function promotionsIn(text: unknown): readonly ActivePromotion[] {
    if (text !== last.text) last = { text, promotions: promotionsColumn.parse(JSON.parse(String(text))) };
    return last.promotions;
  }

  return async ({ products, destinations }) => {
    const rows = await lane.run({
      text: TERMS,
      params: [
        arrayLiteral(products.map(({ sku }) => sku)),
        arrayLiteral(products.map(({ currency }) => currency)),
        arrayLiteral(destinations.map(({ country }) => country)),
        arrayLiteral(destinations.map(({ currency }) => currency)),
        new Date(clock.now()).toISOString(),
      ],
    });
    const shared = rows.find(({ sku }) => sku === null);
    return {
      products: rows.filter((row) => row !== shared).map(productOf),
      promotions: promotionsIn(shared?.["promotions"]),
      taxes: taxesColumn.parse(shared?.["taxes"]),
      shippings: shippingsColumn.parse(shared?.["shippings"]),
    };
  };
}

const productOf = (row: Row): FoundTerms["products"][number] => ({
  sku: String(row["sku"]),
  currency: String(row["currency"]),
  unitPrice: row["amount"] === null ? null : Number(row["amount"]),
  // The column's check allows no other, and there are many rows.
  taxClass: row["tax_class"] as TaxClass,
  weightGrams: Number(row["weight_grams"]),
});
