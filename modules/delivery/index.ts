import { topicOf } from "../../runtime/messages/contract.ts";
import { findEarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { createCarrierSimulator } from "./adapters/simulator.ts";
import { deliveryCommands, deliveryEvents, deliveryFacts } from "./contract.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import wayOfTheParcel from "./migrations/0002_way_of_the_parcel.sql" with { type: "text" };
import { type DeliveryRouteDeps, deliveryRoutes } from "./routes.ts";
import { type Shipment, shipmentHandlers, shipmentTimers } from "./shipment.ts";
import { findById, shipmentStore } from "./store.ts";

const topics = { subscribes: [topicOf(deliveryCommands)], sends: [topicOf(deliveryEvents)] };

/** Shipments of orders, from schedule to hand-over and back. */
export const delivery = defineModule<Shipment, never, undefined, DeliveryRouteDeps>({
  name: "delivery",
  topics,
  serves: [deliveryFacts],
  routes: deliveryRoutes,
  migrations: [
    ...coreMigrations,
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_way_of_the_parcel", sql: wayOfTheParcel },
  ],
  build({ database, clock, deadlines, travelling }) {
    const carrier = createCarrierSimulator({ stepMs: deadlines.carrierStepMs, returnMs: deadlines.carrierReturnMs });
    const definition = {
      aggregate: shipmentStore,
      entries: {},
      handlers: shipmentHandlers(carrier),
      timers: shipmentTimers(carrier),
      calls: [],
    };
    return {
      messaging: { definition, ports: undefined },
      rpc: [
        answersFacts(deliveryFacts, { ...definition, ...topics }, { database, travelling }, async (shipments) =>
          shipments.map(({ status, lines }) => ({ status, lines: [...lines] })),
        ),
      ],
      routes: ({ lane }) => ({
        database,
        lane,
        carrier,
        clock,
        earlier: (claim) => findEarlierRequest(database, claim),
        find: (id) => findById(database, id),
      }),
    };
  },
});
