import * as z from "zod";
import { etag } from "../../runtime/http/etag.ts";
import { ifMatchHeader } from "../../runtime/http/if-match.ts";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { problem } from "../../runtime/http/problem.ts";
import { problemReply } from "../../runtime/http/reply.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { skuSchema } from "./contract.ts";
import { type CouponRouteDeps, couponRoutes } from "./coupon-routes.ts";
import { newProductExample, newProductSchema, productSchema } from "./product-schema.ts";
import { type ProductWriteDeps, putProduct } from "./product-write.ts";
import { type PromotionRouteDeps, promotionRoutes } from "./promotion-routes.ts";
import { type QuoteRouteDeps, quoteRoutes } from "./quote-routes.ts";
import { type RateRouteDeps, rateRoutes } from "./rate-routes.ts";

const cursorSchema = z.tuple([skuSchema]);
const productHeaders = { ETag: "The product's version, for If-Match." };

export type PricingRouteDeps = ProductWriteDeps & CouponRouteDeps & PromotionRouteDeps & RateRouteDeps & QuoteRouteDeps;

export const pricingRoutes: readonly Route<PricingRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/pricing/products",
    rights: { callers: "anyone", object: "shared" },
    tag: "pricing",
    summary: "List the products with their prices, ordered by SKU",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of products.", schema: pageOf(productSchema) } },
    async handle(request, { catalogue }: PricingRouteDeps) {
      const page = pageRequest(request, cursorSchema);
      const found = await catalogue.list(page.after?.[0] ?? null, page.limit + 1);
      return page.reply(
        found,
        (item) => [item.sku],
        (item) => item,
      );
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/pricing/products/{sku}",
    rights: { callers: "anyone", object: "shared" },
    tag: "pricing",
    summary: "Read a product with its prices",
    params: z.strictObject({ sku: skuSchema }),
    responses: {
      200: {
        description: "The product.",
        schema: productSchema,
        headers: productHeaders,
      },
    },
    async handle({ params }, { catalogue }: PricingRouteDeps) {
      const found = await catalogue.find(params.sku);
      if (!found) return problemReply(problem("not-found", `There is no product ${params.sku}.`));
      return { status: 200, body: found, headers: { etag: etag(found.version) } };
    },
  }),
  route({
    method: "PUT",
    path: "/api/v1/pricing/products/{sku}",
    rights: { callers: "operators", scope: "pricing:write", object: "shared" },
    tag: "pricing",
    summary: "Create a product, or replace it with its prices",
    description: "It holds for every quote and order after the answer. `If-Match` makes sure that nobody was first.",
    params: z.strictObject({ sku: skuSchema }),
    headers: z.object(ifMatchHeader),
    body: newProductSchema,
    bodyExample: newProductExample,
    responses: {
      200: { description: "The product, replaced.", schema: productSchema, headers: productHeaders },
      201: {
        description: "The product, which is new.",
        schema: productSchema,
        headers: { ...productHeaders, Location: "Where the product is." },
      },
    },
    async handle({ params: { sku }, headers, body, operator }, deps: PricingRouteDeps) {
      const { product, created } = await putProduct(deps, sku, body, {
        ifMatch: headers["if-match"],
        operator,
      });
      const tag = { etag: etag(product.version) };
      return created
        ? { status: 201, body: product, headers: { ...tag, location: `/api/v1/pricing/products/${sku}` } }
        : { status: 200, body: product, headers: tag };
    },
  }),
  ...promotionRoutes,
  ...couponRoutes,
  ...rateRoutes,
  ...quoteRoutes,
];
