import { createTwinRequests } from "../../runtime/http/twin-requests.ts";
import { findEarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { HISTORY, sagaHandlers, sagaTimers, sagaTopics } from "./advance.ts";
import { lostOrders, orderFacts } from "./contract.ts";
import { factsOf, readLostOrders } from "./facts.ts";
import { orderInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import type { Order } from "./order.ts";
import { orderReader, orderRoutes } from "./routes.ts";
import { historyStore, orderStore } from "./store.ts";

const definition = {
  module: "order",
  aggregate: orderStore,
  entries: { [HISTORY]: historyStore },
  subscribes: sagaTopics,
  invariants: orderInvariants,
  handlers: sagaHandlers,
  timers: sagaTimers,
  calls: [],
};

/** Orders and the saga that carries each of them through the other modules. */
export const order = defineModule<Order>({
  name: "order",
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  build: ({ database, rpc, clock, ids, deadlines }) => ({
    messaging: { definition, ports: undefined },
    rpc: [
      answersFacts(orderFacts, definition, database, (orders) => factsOf(database, orders)),
      answers(lostOrders, (request) => readLostOrders(database, request)),
    ],
    routes: ({ lane, changes }) =>
      orderRoutes(database, {
        lane,
        changes,
        rpc,
        clock,
        ids,
        placementDeadlineMs: deadlines.placementMs,
        twins: createTwinRequests(),
        earlier: (claim) => findEarlierRequest(database, claim),
        find: orderReader(database),
      }),
  }),
});
