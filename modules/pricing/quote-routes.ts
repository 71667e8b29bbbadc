import { type Route, route } from "../../runtime/http/route.ts";
import { newQuoteExample, newQuoteSchema, quoteSchema, shownQuote } from "./quote-schema.ts";
import { type QuotingDeps, quoteFor } from "./quoting.ts";

export interface QuoteRouteDeps {
  readonly quoting: QuotingDeps;
}

export const quoteRoutes: readonly Route<QuoteRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/pricing/quotes",
    rights: { callers: "customers", object: "own" },
    tag: "pricing",
    summary: "Ask what a basket costs",
    description:
      "With discounts, shipping and tax. An order that names the quote as its `quoteId` has this price, whatever changes, until `expiresAt`. A quote holds no use of its coupon.",
    idempotency: "accepted",
    body: newQuoteSchema,
    bodyExample: newQuoteExample,
    responses: {
      201: { description: "The quote.", schema: quoteSchema },
      422: {
        description:
          "An item, price or rate that does not exist, a parcel that is too heavy, or a coupon that cannot be used.",
      },
    },
    handle: async ({ body, principal, idempotency }, { quoting }: QuoteRouteDeps) => ({
      status: 201,
      body: shownQuote(await quoteFor(quoting, principal.subject, body, idempotency)),
    }),
  }),
];
