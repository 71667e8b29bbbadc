import { createTwinRequests } from "../../runtime/http/twin-requests.ts";
import { topicOf } from "../../runtime/messages/contract.ts";
import { findEarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { deliveryCommands, deliveryEvents } from "../delivery/contract.ts";
import { inventoryCommands, inventoryEvents } from "../inventory/contract.ts";
import { paymentCommands, paymentEvents } from "../payment/contract.ts";
import { holdCoupon, priceBasket, pricingCommands } from "../pricing/contract.ts";
import { HISTORY, sagaHandlers, sagaTimers } from "./advance.ts";
import { lostOrders, orderEvents, orderFacts, orderKnown } from "./contract.ts";
import { factsOf, readLostOrders, readOrderKnown } from "./facts.ts";
import { orderInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import type { Order } from "./order.ts";
import { type OrderRouteDeps, orderReader, orderRoutes } from "./routes.ts";
import { historyStore, orderStore } from "./store.ts";

const topics = {
  subscribes: [topicOf(inventoryEvents), topicOf(paymentEvents), topicOf(deliveryEvents)],
  sends: [
    topicOf(orderEvents),
    topicOf(inventoryCommands),
    topicOf(paymentCommands),
    topicOf(deliveryCommands),
    topicOf(pricingCommands),
  ],
};

const definition = {
  aggregate: orderStore,
  entries: { [HISTORY]: historyStore },
  invariants: orderInvariants,
  handlers: sagaHandlers,
  timers: sagaTimers,
  calls: [],
};

/** Orders and the saga that carries each of them through the other modules. */
export const order = defineModule<Order, never, undefined, OrderRouteDeps>({
  name: "order",
  topics,
  serves: [orderFacts, lostOrders, orderKnown],
  asks: [priceBasket, holdCoupon],
  routes: orderRoutes,
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  build: ({ database, rpc, clock, ids, deadlines, travelling }) => ({
    messaging: { definition, ports: undefined },
    rpc: [
      answersFacts(orderFacts, { ...definition, ...topics }, { database, travelling }, (orders) =>
        factsOf(database, orders),
      ),
      answers(lostOrders, (request) => readLostOrders(database, request)),
      answers(orderKnown, (request) => readOrderKnown(database, request)),
    ],
    routes: ({ lane, changes }) => ({
      database,
      lane,
      changes,
      rpc,
      clock,
      ids,
      placementDeadlineMs: deadlines.placementMs,
      couponHoldMs: deadlines.couponHoldMs,
      twins: createTwinRequests(),
      earlier: (claim) => findEarlierRequest(database, claim),
      find: orderReader(database),
    }),
  }),
});
