/**
 * Tells that a SKU runs low, once each time that what is available falls under its threshold: again only after it has
 * been back at the threshold. What is told is counted on the SKU's own rows, which every change of its stock locks, so
 * that neither replicas nor orders that share it tell it twice or out of order.
 */
import { message } from "../../runtime/messages/contract.ts";
import type { SharedMessage } from "../../runtime/messages/decision.ts";
import { lowStockEvents } from "./contract.ts";
import { type SkuStock, totalAvailable } from "./stock.ts";

export interface Told {
  readonly stock: SkuStock;
  readonly sharedMessages: readonly SharedMessage[];
}

/** A threshold of 0 stands for never. */
const isLow = (stock: SkuStock) => stock.lowStockThreshold > 0 && totalAvailable(stock) < stock.lowStockThreshold;

/** The stock as it is to be saved, with the event that it has fallen under its threshold where it has. */
export function tellLowStock(before: SkuStock, after: SkuStock): Told {
  if (isLow(before) || !isLow(after)) return { stock: after, sharedMessages: [] };
  const sequence = after.lowStockEvents + 1;
  const { sku, lowStockThreshold: threshold } = after;
  const told = message(lowStockEvents.LowStock, { sku, available: totalAvailable(after), threshold });
  return { stock: { ...after, lowStockEvents: sequence }, sharedMessages: [{ key: sku, sequence, message: told }] };
}
