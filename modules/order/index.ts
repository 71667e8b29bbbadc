import { createTwinRequests } from "../../runtime/http/twin-requests.ts";
import { topicOf } from "../../runtime/messages/contract.ts";
import { findEarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { type Deadlines, defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { deliveryCommands, deliveryEvents } from "../delivery/contract.ts";
import { inventoryCommands, inventoryEvents } from "../inventory/contract.ts";
import { paymentCommands, paymentEvents } from "../payment/contract.ts";
import { holdCoupon, priceBasket, pricingCommands, pricingEvents } from "../pricing/contract.ts";
import { sagaHandlers, sagaTimers } from "./advance.ts";
import { lostOrders, orderEvents, orderFacts, orderKnown, stuckOrders } from "./contract.ts";
import { factsOf, readLostOrders, readOrderKnown, readStuckOrders } from "./facts.ts";
import { orderInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import stages from "./migrations/0002_stages.sql" with { type: "text" };
import type { Order } from "./order.ts";
import { HISTORY } from "./record.ts";
import { orderRoutes } from "./routes.ts";
import { historyStore, orderStore } from "./store.ts";
import { type OrderRouteDeps, orderReader } from "./visible.ts";

const topics = {
  subscribes: [topicOf(inventoryEvents), topicOf(paymentEvents), topicOf(pricingEvents), topicOf(deliveryEvents)],
  sends: [
    topicOf(orderEvents),
    topicOf(inventoryCommands),
    topicOf(paymentCommands),
    topicOf(deliveryCommands),
    topicOf(pricingCommands),
  ],
};

const definitionOf = (deadlines: Deadlines) => ({
  aggregate: orderStore,
  entries: { [HISTORY]: historyStore },
  invariants: orderInvariants,
  handlers: sagaHandlers(deadlines),
  timers: sagaTimers(deadlines),
  calls: [],
});

/** Orders and the saga that carries each of them through the other modules. */
export const order = defineModule<Order, never, undefined, OrderRouteDeps>({
  name: "order",
  topics,
  serves: [orderFacts, lostOrders, orderKnown, stuckOrders],
  asks: [priceBasket, holdCoupon],
  routes: orderRoutes,
  migrations: [
    ...coreMigrations,
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_stages", sql: stages },
  ],
  build({ database, rpc, clock, ids, deadlines, travelling }) {
    const definition = definitionOf(deadlines);
    return {
      messaging: { definition, ports: undefined },
      rpc: [
        answersFacts(orderFacts, { ...definition, ...topics }, { database, travelling }, (orders) =>
          factsOf(database, orders),
        ),
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
        earlier: (claim) => findEarlierRequest(database, claim),
        find: orderReader(database),
      }),
    };
  },
});
