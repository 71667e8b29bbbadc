import { invariant } from "../../runtime/invariant.ts";

/**
 * The stock of one SKU and how much of it may be taken. Pure rules: never negative, never oversold, unless the SKU is
 * sold on backorder. Then more may be reserved than is on hand, and a parcel that leaves with units which nobody has
 * booked in yet makes what is on hand negative until they are.
 */
export interface StockFigures {
  readonly onHand: number;
  readonly reserved: number;
}

export interface WarehouseStock extends StockFigures {
  readonly warehouse: string;
}

/** How a SKU is sold, the same in all warehouses. */
export interface StockPolicy {
  /** It may be sold though it is not there. */
  readonly backorder: boolean;
  /** Fewer available units than these are low stock. */
  readonly lowStockThreshold: number;
}

export interface SkuStock extends StockPolicy {
  readonly sku: string;
  readonly warehouses: readonly WarehouseStock[];
  /** Grows each time that the policy is set. */
  readonly revision: number;
  /** How often low stock was told. */
  readonly lowStockEvents: number;
}

/** Where units are that nobody has named a warehouse for. */
export const DEFAULT_WAREHOUSE = "main";

/** Below it a SKU runs low unless an operator says otherwise. */
export const DEFAULT_LOW_STOCK_THRESHOLD = 10;

/** How a SKU is sold unless an operator says otherwise. */
export const DEFAULT_POLICY: StockPolicy = { backorder: false, lowStockThreshold: DEFAULT_LOW_STOCK_THRESHOLD };

/** As many units as a warehouse holds, and as are owed of a SKU: far from what the database's integers hold. */
export const MOST_UNITS = 1_000_000_000;

export const available = (stock: StockFigures) => stock.onHand - stock.reserved;

export const totalAvailable = (stock: SkuStock) =>
  stock.warehouses.reduce((sum, warehouse) => sum + available(warehouse), 0);

/** How many units an order may still take. */
export const takeable = (stock: SkuStock) =>
  stock.backorder ? MOST_UNITS + Math.min(0, totalAvailable(stock)) : totalAvailable(stock);

/** Changes the figures of one warehouse; throws when that would oversell or go below zero, or there is no such warehouse. */
export function changeFigures(stock: SkuStock, warehouse: string, change: StockFigures): SkuStock {
  let found = false;
  const warehouses = stock.warehouses.map((each) => {
    if (each.warehouse !== warehouse) return each;
    found = true;
    const changed = { ...each, onHand: each.onHand + change.onHand, reserved: each.reserved + change.reserved };
    checkFigures(stock, changed);
    return changed;
  });
  invariant(found, () => `${stock.sku} has no stock in ${warehouse}`);
  return { ...stock, warehouses };
}

/** Whether the figures are legal: none below zero, and no more reserved than there is, unless it is sold on backorder. */
export const isCovered = ({ onHand, reserved }: StockFigures, { backorder }: Pick<StockPolicy, "backorder">) =>
  reserved >= 0 && (backorder || reserved <= onHand);

/** Throws unless the figures are whole numbers, and legal. */
export function checkFigures(stock: Pick<SkuStock, "sku" | "backorder">, each: WarehouseStock): void {
  const { warehouse, onHand, reserved } = each;
  invariant(
    Number.isSafeInteger(onHand) && Number.isSafeInteger(reserved) && isCovered(each, stock),
    () => `${stock.sku} in ${warehouse}: ${reserved} reserved of ${onHand} on hand`,
  );
}
