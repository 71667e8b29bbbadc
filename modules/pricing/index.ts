/** `pricing` owns the product catalogue and prices baskets from it; coupons take something off. */
import { topicOf } from "../../runtime/messages/contract.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { orderKnown } from "../order/contract.ts";
import { priceLines, skusOf } from "./basket.ts";
import { createCatalogueCache } from "./catalogue-cache.ts";
import { couponFacts, holdCoupon, priceBasket, pricingCommands, pricingEvents } from "./contract.ts";
import { type CouponHold, holdCalls, holdHandlers, holdTimers, type Orders, type UseCount } from "./coupon-hold.ts";
import { couponInvariants } from "./coupon-invariants.ts";
import { addNewCoupons, holdStore, useCountStore } from "./coupon-store.ts";
import { demoCoupons, demoProducts } from "./demo.ts";
import { createCouponHolder } from "./hold-coupon.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import coupons from "./migrations/0001_coupons.sql" with { type: "text" };
import storage from "./migrations/0002_storage.sql" with { type: "text" };
import { createPriceBatch } from "./price-batch.ts";
import { type PricingRouteDeps, pricingRoutes } from "./routes.ts";
import { addNewProducts, readPrices } from "./store.ts";

const ORDER_TIMEOUT_MS = 4_000;

const topics = { subscribes: [topicOf(pricingCommands)], sends: [topicOf(pricingEvents)] };

const definition = {
  aggregate: holdStore,
  shared: useCountStore,
  entries: {},
  invariants: couponInvariants,
  handlers: holdHandlers,
  timers: holdTimers,
  calls: holdCalls,
};

export const pricing = defineModule<CouponHold, UseCount, Orders, PricingRouteDeps>({
  name: "pricing",
  topics,
  serves: [priceBasket, holdCoupon, couponFacts],
  asks: [orderKnown],
  routes: pricingRoutes,
  migrations: [
    ...coreMigrations,
    { id: "0000_initial", sql: initial },
    { id: "0001_coupons", sql: coupons },
    { id: "0002_storage", sql: storage },
  ],
  build({ database, cache, ids, clock, rpc, deadlines, travelling }, commands) {
    const lane = database.lane("quotes");
    const prices = createPriceBatch((questions) => readPrices(lane, questions));
    const orders: Orders = {
      isKnown: async (orderId) => (await rpc.call(orderKnown, { orderId }, { timeoutMs: ORDER_TIMEOUT_MS })).known,
    };
    return {
      messaging: { definition, ports: orders },
      rpc: [
        answers(priceBasket, async (basket) => priceLines(basket, await prices.ask(basket.currency, skusOf(basket)))),
        answers(holdCoupon, createCouponHolder({ prices, commands, clock, orphanAfterMs: deadlines.couponOrphanMs })),
        answersFacts(couponFacts, { ...definition, ...topics }, { database, travelling }, async (holds) =>
          holds.map(({ status, code }) => ({ status, code })),
        ),
      ],
      routes: () => ({ database, clock, catalogue: createCatalogueCache({ cache, database, ids }) }),
      close: () => lane.close(),
    };
  },
  async seedDemo({ database }) {
    await addNewProducts(database, demoProducts);
    await addNewCoupons(database, demoCoupons);
  },
});
