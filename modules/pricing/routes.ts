import * as z from "zod";
import { etag } from "../../runtime/http/etag.ts";
import { decodeCursor, encodeCursor, PAGE_LIMIT, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { problem } from "../../runtime/http/problem.ts";
import { problemReply } from "../../runtime/http/reply.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { CatalogueCache } from "./catalogue-cache.ts";
import { type CouponRouteDeps, couponRoutes } from "./coupon-routes.ts";
import { productSchema, skuSchema } from "./product-schema.ts";

const cursorSchema = z.tuple([skuSchema]);

export interface PricingRouteDeps extends CouponRouteDeps {
  readonly catalogue: CatalogueCache;
}

export const pricingRoutes: readonly Route<PricingRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/pricing/products",
    access: "public",
    tag: "pricing",
    summary: "List the products with their prices, ordered by SKU",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of products.", schema: pageOf(productSchema) } },
    async handle({ query }, { catalogue }: PricingRouteDeps) {
      const after = decodeCursor(cursorSchema, query.cursor);
      const limit = query.limit ?? PAGE_LIMIT;
      const found = await catalogue.list(after?.[0] ?? null, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        status: 200,
        body: { items, nextCursor: last && found.length > limit ? encodeCursor([last.sku]) : null },
      };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/pricing/products/{sku}",
    access: "public",
    tag: "pricing",
    summary: "Read a product with its prices",
    params: z.strictObject({ sku: skuSchema }),
    responses: {
      200: {
        description: "The product.",
        schema: productSchema,
        headers: { ETag: "The product's version, for If-Match." },
      },
    },
    async handle({ params }, { catalogue }: PricingRouteDeps) {
      const found = await catalogue.find(params.sku);
      if (!found) return problemReply(problem("not-found", `There is no product ${params.sku}.`));
      return { status: 200, body: found, headers: { etag: etag(found.version) } };
    },
  }),
  ...couponRoutes,
];
