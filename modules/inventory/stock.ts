import { invariant } from "../../runtime/invariant.ts";

/** The stock of one SKU and how much of it may be taken. Pure rules: never negative, never oversold. */
export interface StockFigures {
  readonly onHand: number;
  readonly reserved: number;
}

export interface WarehouseStock extends StockFigures {
  readonly warehouse: string;
}

export interface SkuStock {
  readonly sku: string;
  readonly warehouses: readonly WarehouseStock[];
}

export const available = (stock: StockFigures) => stock.onHand - stock.reserved;

export const totalAvailable = (stock: SkuStock) =>
  stock.warehouses.reduce((sum, warehouse) => sum + available(warehouse), 0);

/** Changes the figures of one warehouse; throws when that would oversell or go below zero, or there is no such warehouse. */
export function changeFigures(stock: SkuStock, warehouse: string, change: StockFigures): SkuStock {
  let found = false;
  const warehouses = stock.warehouses.map((each) => {
    if (each.warehouse !== warehouse) return each;
    found = true;
    const changed = { ...each, onHand: each.onHand + change.onHand, reserved: each.reserved + change.reserved };
    checkFigures(stock.sku, changed);
    return changed;
  });
  invariant(found, () => `${stock.sku} has no stock in ${warehouse}`);
  return { ...stock, warehouses };
}

/** Throws unless the figures are whole numbers, none below zero, and no more is reserved than there is. */
export function checkFigures(sku: string, { warehouse, onHand, reserved }: WarehouseStock): void {
  invariant(
    Number.isSafeInteger(onHand) && Number.isSafeInteger(reserved) && reserved >= 0 && reserved <= onHand,
    () => `${sku} in ${warehouse}: ${reserved} reserved of ${onHand} on hand`,
  );
}
