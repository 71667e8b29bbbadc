/** The stock of one SKU and how much of it may be taken. Pure rules: never negative, never oversold. */
export interface WarehouseStock {
  readonly warehouse: string;
  readonly onHand: number;
  readonly reserved: number;
}

export interface SkuStock {
  readonly sku: string;
  readonly warehouses: readonly WarehouseStock[];
}

export const available = (stock: Pick<WarehouseStock, "onHand" | "reserved">) => stock.onHand - stock.reserved;

export const totalAvailable = (stock: SkuStock) =>
  stock.warehouses.reduce((sum, warehouse) => sum + available(warehouse), 0);

/** Changes what is reserved in one warehouse; throws when that would oversell or go below zero. */
export function changeReserved(stock: SkuStock, warehouse: string, delta: number): SkuStock {
  return {
    ...stock,
    warehouses: stock.warehouses.map((each) => {
      if (each.warehouse !== warehouse) return each;
      const reserved = each.reserved + delta;
      if (reserved < 0 || reserved > each.onHand)
        throw new Error(`${stock.sku} in ${warehouse}: ${reserved} reserved of ${each.onHand} on hand`);
      return { ...each, reserved };
    }),
  };
}
