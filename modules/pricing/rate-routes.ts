import * as z from "zod";
import { countrySchema } from "../../runtime/address.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { invalid } from "../../runtime/http/validation.ts";
import { about, type OperatorAction } from "../../runtime/messages/audit.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";
import { listShippingRates, listTaxes, putShippingRate, putTax } from "./rate-store.ts";
import { whyNotBands } from "./shipping.ts";

const basisPoints = z.int().min(0).max(10_000);

const taxSchema = z.strictObject({
  country: countrySchema,
  inclusive: z.boolean().describe("Prices and shipping contain the tax; else it comes on top of them."),
  rates: z
    .strictObject({ standard: basisPoints, reduced: basisPoints, zero: basisPoints })
    .describe("In basis points: 500 is 5 %."),
});

/** As far as a column of whole numbers goes. */
const grams = z.int().min(0).max(2_147_483_647);

const shippingRateSchema = z.strictObject({
  country: countrySchema,
  currency: currencySchema,
  bands: z
    .array(z.strictObject({ upToGrams: grams.nullable(), amount: minorUnitsSchema }))
    .min(1)
    .max(100)
    .superRefine((bands, context) => {
      const message = whyNotBands(bands);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .describe(
      "From the lightest to the heaviest, each up to and with its `upToGrams`; null: any weight. What is heavier than the last cannot be sent.",
    ),
});

const taxExample: z.infer<typeof taxSchema> = {
  country: "JP",
  inclusive: true,
  rates: { standard: 1_000, reduced: 800, zero: 0 },
};
const shippingRateExample: z.infer<typeof shippingRateSchema> = {
  country: "JP",
  currency: "JPY",
  bands: [
    { upToGrams: 1_000, amount: 800 },
    { upToGrams: null, amount: 1_600 },
  ],
};

const countryPath = z.strictObject({ country: countrySchema });

export interface RateRouteDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** How operators set the rate of a country, which is named in the path and in the body. */
const putRate = <Rate extends { readonly country: string }>(
  path: `/api/v1/pricing/${string}`,
  about: { readonly summary: string; readonly description: string; readonly shown: string },
  body: z.ZodType<Rate>,
  bodyExample: Rate,
  save: (database: Database, rate: Rate, operator: OperatorAction | null, atMs: number) => Promise<void>,
) =>
  route({
    method: "PUT",
    path: `${path}/{country}`,
    rights: { callers: "operators", scope: "pricing:write", object: "shared" },
    tag: "pricing",
    summary: about.summary,
    description: about.description,
    params: countryPath,
    body,
    bodyExample,
    responses: { 200: { description: about.shown, schema: body } },
    async handle({ params: { country }, body: rate, operator }, { database, clock }: RateRouteDeps) {
      if (country !== rate.country)
        throw new ProblemError(invalid([{ field: "body.country", message: `must be ${country}, as in the path` }]));
      await save(database, rate, operator, clock.now());
      return { status: 200, body: rate };
    },
  });

export const rateRoutes: readonly Route<RateRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/pricing/tax-rates",
    rights: { callers: "anyone", object: "shared" },
    tag: "pricing",
    summary: "List the tax rates, ordered by country",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of tax rates.", schema: pageOf(taxSchema) } },
    async handle(request, { database }: RateRouteDeps) {
      const page = pageRequest(request, z.tuple([countrySchema]));
      const found = await listTaxes(database, page.after?.[0] ?? null, page.limit + 1);
      return page.reply(
        found,
        (item) => [item.country],
        (item) => item,
      );
    },
  }),
  putRate(
    "/api/v1/pricing/tax-rates",
    {
      summary: "Set the tax rates of a country",
      description: "They hold for every quote and order after the answer.",
      shown: "The tax rates.",
    },
    taxSchema,
    taxExample,
    putTax,
  ),
  route({
    method: "GET",
    path: "/api/v1/pricing/shipping-rates",
    rights: { callers: "anyone", object: "shared" },
    tag: "pricing",
    summary: "List the shipping rates, ordered by country, then currency",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of shipping rates.", schema: pageOf(shippingRateSchema) } },
    async handle(request, { database }: RateRouteDeps) {
      const page = pageRequest(request, z.tuple([countrySchema, currencySchema]));
      const found = await listShippingRates(database, page.after, page.limit + 1);
      return page.reply(
        found,
        (item) => [item.country, item.currency],
        (item) => item,
      );
    },
  }),
  putRate(
    "/api/v1/pricing/shipping-rates",
    {
      summary: "Set the shipping rate to a country in one currency",
      description: "Other currencies stay. It holds for every quote and order after the answer.",
      shown: "The shipping rate.",
    },
    shippingRateSchema,
    shippingRateExample,
    (database, rate, operator, atMs) =>
      putShippingRate(database, rate, about(operator, { currency: rate.currency }), atMs),
  ),
];
