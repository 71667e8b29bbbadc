import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { createCarrierSimulator } from "./adapters/simulator.ts";
import { deliveryCommands, deliveryEvents, deliveryFacts } from "./contract.ts";
import { shipmentInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import wayOfTheParcel from "./migrations/0002_way_of_the_parcel.sql" with { type: "text" };
import { type DeliveryRouteDeps, deliveryRoutes } from "./routes.ts";
import { awaitsHandOver, type Shipment, shipmentHandlers, shipmentTimers } from "./shipment.ts";
import { findById, shipmentStore } from "./store.ts";

/** Shipments of orders, from schedule to hand-over and back. */
export const delivery = defineModule<Shipment, never, undefined, DeliveryRouteDeps>({
  name: "delivery",
  subscribes: [deliveryCommands],
  sends: [deliveryEvents],
  serves: [deliveryFacts],
  routes: deliveryRoutes,
  migrations: [
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_way_of_the_parcel", sql: wayOfTheParcel },
  ],
  webhooksFrom: "the carrier",
  build({ database, clock, deadlines, webhooks, earlier }) {
    const carrier = createCarrierSimulator({ stepMs: deadlines.carrierStepMs, returnMs: deadlines.carrierReturnMs });
    return {
      messaging: {
        definition: {
          aggregate: shipmentStore,
          invariants: shipmentInvariants,
          handlers: shipmentHandlers(carrier),
          timers: shipmentTimers(carrier),
        },
        ports: undefined,
        facts: answersFacts(deliveryFacts, async (shipments) =>
          shipments.map((shipment) => ({
            status: shipment.status,
            awaitsHandOver: awaitsHandOver(shipment),
            lines: [...shipment.lines],
          })),
        ),
      },
      routes: ({ lane }) => ({
        database,
        lane,
        carrier,
        clock,
        secrets: webhooks.secrets,
        earlier,
        find: (id) => findById(database, id),
      }),
    };
  },
});
