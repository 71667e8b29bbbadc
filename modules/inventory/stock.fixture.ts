/** Stock for tests: of a SKU that nobody has set a policy for. */
import { DEFAULT_LOW_STOCK_THRESHOLD, type SkuStock, type WarehouseStock } from "./stock.ts";

/** `change`: what is different of it. */
export const stockIn = (
  sku: string,
  warehouses: readonly WarehouseStock[],
  change: Partial<SkuStock> = {},
): SkuStock => ({
  sku,
  warehouses,
  backorder: false,
  lowStockThreshold: DEFAULT_LOW_STOCK_THRESHOLD,
  revision: 1,
  lowStockEvents: 0,
  ...change,
});
