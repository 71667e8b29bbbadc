/** How an operator says that a SKU is sold. It is kept on the SKU's stock rows, so that whoever locks them knows it. */
import type { Command, Decision } from "../../runtime/messages/decision.ts";
import { tellLowStock } from "./low-stock.ts";
import type { Reservation } from "./reservation.ts";
import { available, isCovered, type SkuStock, type StockPolicy } from "./stock.ts";

/** `refused` says why; `unknown`: there is no such SKU. */
export type PolicyAnswer =
  | { readonly kind: "set"; readonly stock: SkuStock }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "unknown" };

export interface NewPolicy extends StockPolicy {
  readonly sku: string;
}

type Decided = Decision<Reservation, SkuStock> & { readonly answer: PolicyAnswer };

export const setPolicy: Command<Reservation, SkuStock, NewPolicy, PolicyAnswer> = {
  name: "set-stock-policy",
  sharedOnly: true,
  shares: (_state, { sku }) => [sku],
  decide(_state, { sku, backorder, lowStockThreshold }, { shared }): Decided {
    const stock = shared.get(sku);
    if (!stock) return { answer: { kind: "unknown" } };
    const owing = stock.warehouses.find((each) => !isCovered(each, { backorder }));
    if (owing)
      return {
        answer: {
          kind: "refused",
          why: `${owing.warehouse} owes ${-available(owing)} units of ${sku} to orders: book them in first.`,
        },
      };
    const told = tellLowStock(stock, { ...stock, backorder, lowStockThreshold, revision: stock.revision + 1 });
    return {
      shared: new Map([[sku, told.stock]]),
      sharedMessages: told.sharedMessages,
      answer: { kind: "set", stock: told.stock },
    };
  },
};
