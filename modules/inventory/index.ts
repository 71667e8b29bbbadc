import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { productKnown } from "../pricing/contract.ts";
import { inventoryCommands, inventoryEvents, inventoryFacts, lowStockEvents, stockFacts } from "./contract.ts";
import { stockInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import policyAndLowStock from "./migrations/0002_policy_and_low_stock.sql" with { type: "text" };
import { type Reservation, reservationHandlers } from "./reservation.ts";
import { inventoryRoutes } from "./routes.ts";
import { DEFAULT_WAREHOUSE, type SkuStock } from "./stock.ts";
import { readStockFacts } from "./stock-facts.ts";
import type { StockDeps } from "./stock-request.ts";
import { initialStock, movementStore, reservationStore, stockStore } from "./store.ts";

const DEMO_UNITS = 500;
const PRICING_TIMEOUT_MS = 5_000;

const definition = {
  aggregate: reservationStore,
  shared: stockStore,
  entries: { movement: movementStore },
  invariants: stockInvariants,
  handlers: reservationHandlers,
};

/** Stock per SKU and warehouse, and what orders hold of it. */
export const inventory = defineModule<Reservation, SkuStock, undefined, StockDeps>({
  name: "inventory",
  subscribes: [inventoryCommands],
  sends: [inventoryEvents, lowStockEvents],
  serves: [inventoryFacts, stockFacts],
  asks: [productKnown],
  routes: inventoryRoutes,
  migrations: [
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_policy_and_low_stock", sql: policyAndLowStock },
  ],
  build: ({ database, clock, ids, rpc, earlier }) => ({
    messaging: {
      definition,
      ports: undefined,
      facts: answersFacts(inventoryFacts, async (reservations) =>
        reservations.map(({ status, allocations }) => ({
          status,
          allocations: allocations.map(({ sku, quantity }) => ({ sku, quantity })),
        })),
      ),
    },
    rpc: [answers(stockFacts, (request) => readStockFacts(database, request))],
    routes: ({ lane }) => ({
      database,
      lane,
      clock,
      ids,
      earlier,
      isProduct: async (sku) => (await rpc.call(productKnown, { sku }, { timeoutMs: PRICING_TIMEOUT_MS })).known,
    }),
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
