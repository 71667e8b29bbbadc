import { topicOf } from "../../runtime/messages/contract.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { deliveryCommands, deliveryEvents, deliveryFacts } from "./contract.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import { deliveryRoutes } from "./routes.ts";
import { shipmentHandlers } from "./shipment.ts";
import { shipmentStore } from "./store.ts";

const topics = { subscribes: [topicOf(deliveryCommands)], sends: [topicOf(deliveryEvents)] };

const definition = {
  aggregate: shipmentStore,
  entries: {},
  handlers: shipmentHandlers,
  timers: [],
  calls: [],
};

/** Shipments of orders, from schedule to hand-over and back. */
export const delivery = defineModule({
  name: "delivery",
  topics,
  serves: [deliveryFacts],
  routes: deliveryRoutes,
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  build: ({ database, travelling }) => ({
    messaging: { definition, ports: undefined },
    rpc: [
      answersFacts(deliveryFacts, { ...definition, ...topics }, { database, travelling }, async (shipments) =>
        shipments.map(({ status, lines }) => ({ status, lines: [...lines] })),
      ),
    ],
    routes: () => ({ database }),
  }),
});
