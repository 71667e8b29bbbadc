import { createTwinRequests } from "../../runtime/http/twin-requests.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { deliveryCommands, deliveryEvents } from "../delivery/contract.ts";
import { inventoryCommands, inventoryEvents } from "../inventory/contract.ts";
import { paymentCommands, paymentEvents } from "../payment/contract.ts";
import { holdCoupon, priceBasket, pricingCommands, pricingEvents } from "../pricing/contract.ts";
import { sagaHandlers, sagaTimers } from "./advance.ts";
import { lostOrders, orderEvents, orderFacts, orderKnown, stuckOrders } from "./contract.ts";
import { orderDiagrams } from "./diagrams.ts";
import { factsOf, readLostOrders, readOrderKnown, readStuckOrders } from "./facts.ts";
import { orderInvariants } from "./invariants.ts";
import { orderMeasures } from "./measures.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import stages from "./migrations/0002_stages.sql" with { type: "text" };
import lists from "./migrations/0003_lists.sql" with { type: "text" };
import roomForUpdates from "./migrations/0004_room_for_updates.sql" with { type: "text" };
import type { Order } from "./order.ts";
import { HISTORY } from "./record.ts";
import { historyReader, type OrderRouteDeps, orderReader } from "./route-deps.ts";
import { orderRoutes } from "./routes.ts";
import { historyStore, orderStore } from "./store.ts";

/** Orders and the saga that carries each of them through the other modules. */
export const order = defineModule<Order, never, undefined, OrderRouteDeps>({
  name: "order",
  subscribes: [inventoryEvents, paymentEvents, pricingEvents, deliveryEvents],
  sends: [orderEvents, inventoryCommands, paymentCommands, deliveryCommands, pricingCommands],
  serves: [orderFacts, lostOrders, orderKnown, stuckOrders],
  asks: [priceBasket, holdCoupon],
  routes: orderRoutes,
  migrations: [
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_stages", sql: stages },
    { id: "0003_lists", sql: lists },
    { id: "0004_room_for_updates", sql: roomForUpdates },
  ],
  diagrams: orderDiagrams,
  measures: orderMeasures,
  build: ({ database, rpc, clock, ids, deadlines, streams, earlier }) => ({
    messaging: {
      definition: {
        aggregate: orderStore,
        entries: { [HISTORY]: historyStore },
        invariants: orderInvariants,
        handlers: sagaHandlers(deadlines),
        timers: sagaTimers(deadlines),
      },
      ports: undefined,
      facts: answersFacts(orderFacts, (orders) => factsOf(database, orders)),
    },
    rpc: [
      answers(lostOrders, (request) => readLostOrders(database, request)),
      answers(orderKnown, (request) => readOrderKnown(database, request)),
      answers(stuckOrders, (request) => readStuckOrders(database, request)),
    ],
    routes: ({ lane, changes }) => ({
      database,
      lane,
      changes,
      rpc,
      clock,
      ids,
      deadlines,
      twins: createTwinRequests(),
      earlier,
      find: orderReader(database),
      streams,
      historyAfter: historyReader(database),
    }),
  }),
});
