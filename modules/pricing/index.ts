/**
 * `pricing` owns the product catalogue and prices baskets from it: promotions and coupons take something off, tax and
 * shipping come on top. How it does is told in price.ts.
 */
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { orderKnown } from "../order/contract.ts";
import { createCatalogueCache } from "./catalogue-cache.ts";
import {
  couponFacts,
  couponUseFacts,
  holdCoupon,
  priceBasket,
  pricingCommands,
  pricingEvents,
  productKnown,
} from "./contract.ts";
import { readCouponUseFacts } from "./coupon-facts.ts";
import { type CouponHold, holdCalls, holdHandlers, holdTimers, type Orders, type UseCount } from "./coupon-hold.ts";
import { createCouponHolder } from "./coupon-hold-rpc.ts";
import { couponInvariants } from "./coupon-invariants.ts";
import { addNewCoupons, holdStore, useCountStore } from "./coupon-store.ts";
import { demoCoupons, demoProducts, demoShippingRates, demoTaxes } from "./demo.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import coupons from "./migrations/0001_coupons.sql" with { type: "text" };
import storage from "./migrations/0002_storage.sql" with { type: "text" };
import promotions from "./migrations/0003_promotions_rates_quotes.sql" with { type: "text" };
import promotionValidity from "./migrations/0004_promotion_validity.sql" with { type: "text" };
import holdsByCode from "./migrations/0005_holds_by_code.sql" with { type: "text" };
import { priced } from "./price.ts";
import { createPriceBatch } from "./price-batch.ts";
import { createPricingBasis, naming } from "./pricing-basis.ts";
import { keyedQuotes, quoteReader } from "./quote-store.ts";
import { addNewRates } from "./rate-store.ts";
import { type PricingRouteDeps, pricingRoutes } from "./routes.ts";
import { addNewProducts, findProduct } from "./store.ts";
import { createTermsReader } from "./terms-store.ts";

const ORDER_TIMEOUT_MS = 4_000;

const definition = {
  aggregate: holdStore,
  shared: useCountStore,
  invariants: couponInvariants,
  handlers: holdHandlers,
  timers: holdTimers,
  calls: holdCalls,
};

export const pricing = defineModule<CouponHold, UseCount, Orders, PricingRouteDeps>({
  name: "pricing",
  subscribes: [pricingCommands],
  sends: [pricingEvents],
  serves: [priceBasket, holdCoupon, productKnown, couponFacts, couponUseFacts],
  asks: [orderKnown],
  routes: pricingRoutes,
  migrations: [
    { id: "0000_initial", sql: initial },
    { id: "0001_coupons", sql: coupons },
    { id: "0002_storage", sql: storage },
    { id: "0003_promotions_rates_quotes", sql: promotions },
    { id: "0004_promotion_validity", sql: promotionValidity },
    { id: "0005_holds_by_code", sql: holdsByCode },
  ],
  build({ database, cache, ids, clock, rpc, deadlines }, commands) {
    const lane = database.lane("quotes");
    const prices = createPriceBatch(createTermsReader(lane, clock));
    const findQuote = quoteReader(database);
    const basisOf = createPricingBasis({ prices, findQuote, clock });
    const orders: Orders = {
      isKnown: async (orderId) => (await rpc.call(orderKnown, { orderId }, { timeoutMs: ORDER_TIMEOUT_MS })).known,
    };
    return {
      messaging: {
        definition: { ...definition, keyedRows: [keyedQuotes(deadlines.quoteMs)] },
        ports: orders,
        facts: answersFacts(couponFacts, async (holds) => holds.map(({ status, code }) => ({ status, code }))),
      },
      rpc: [
        answers(priceBasket, async (basket) => {
          const basis = await basisOf(basket);
          return naming(basket, basis.kind === "offer" ? priced(basis, null) : basis);
        }),
        answers(holdCoupon, createCouponHolder({ basisOf, commands, clock, orphanAfterMs: deadlines.couponOrphanMs })),
        answers(productKnown, async ({ sku }) => ({ known: (await findProduct(database, sku)) !== undefined })),
        answers(couponUseFacts, (request) => readCouponUseFacts(database, request)),
      ],
      routes: () => ({
        database,
        clock,
        ids,
        catalogue: createCatalogueCache({ cache, database, ids }),
        quoting: { database, prices, findQuote, clock, ids, quoteLifetimeMs: deadlines.quoteMs },
      }),
      close: () => lane.close(),
    };
  },
  async seedDemo({ database }) {
    await addNewProducts(database, demoProducts);
    await addNewCoupons(database, demoCoupons);
    await addNewRates(database, demoTaxes, demoShippingRates);
  },
});
