import { topicOf } from "../../runtime/messages/contract.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { inventoryCommands, inventoryEvents, inventoryFacts, stockFacts } from "./contract.ts";
import { stockInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import { reservationHandlers } from "./reservation.ts";
import { type InventoryRouteDeps, inventoryRoutes } from "./routes.ts";
import type { SkuStock } from "./stock.ts";
import { readStockFacts } from "./stock-facts.ts";
import { initialStock, movementStore, type Reservation, reservationStore, stockStore } from "./store.ts";

const DEFAULT_WAREHOUSE = "main";
const DEMO_UNITS = 500;

const topics = { subscribes: [topicOf(inventoryCommands)], sends: [topicOf(inventoryEvents)] };

const definition = {
  aggregate: reservationStore,
  shared: stockStore,
  entries: { movement: movementStore },
  invariants: stockInvariants,
  handlers: reservationHandlers,
  timers: [],
  calls: [],
};

/** Stock per SKU and warehouse, and what orders hold of it. */
export const inventory = defineModule<Reservation, SkuStock, undefined, InventoryRouteDeps>({
  name: "inventory",
  topics,
  serves: [inventoryFacts, stockFacts],
  routes: inventoryRoutes,
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  build: ({ database, travelling }) => ({
    messaging: { definition, ports: undefined },
    rpc: [
      answersFacts(inventoryFacts, { ...definition, ...topics }, { database, travelling }, async (reservations) =>
        reservations.map(({ status, allocations }) => ({
          status,
          allocations: allocations.map(({ sku, quantity }) => ({ sku, quantity })),
        })),
      ),
      answers(stockFacts, (request) => readStockFacts(database, request)),
    ],
    routes: () => ({ database }),
  }),
  async seedDemo({ database, ids, clock }) {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      sku: `SKU-${String(index + 1).padStart(3, "0")}`,
      quantity: DEMO_UNITS,
      movementId: ids.next(),
    }));
    await database.query(initialStock(rows, DEFAULT_WAREHOUSE, clock.now()));
  },
});
