/** What no decision on an order may break, whichever answer it follows. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import { isTotal } from "../../runtime/money.ts";
import { type Order, statusOf, transitions } from "./order.ts";
import { HISTORY } from "./record.ts";

/** Amounts add up and stay as they were placed, every change of status is legal, and the history has no hole. */
export const orderInvariants: DecisionInvariants<Order> = (before, { state, entries = [] }) => {
  if (state === undefined) {
    invariant(entries.length === 0, () => `the history of ${before?.id} goes on without its order`);
    return;
  }
  if (before === undefined) checkAmounts(state);
  else {
    invariant(
      state.stage === before.stage || transitions[before.stage].includes(state.stage),
      () => `order ${before.id} cannot go from ${before.stage} to ${state.stage}`,
    );
    invariant(
      state.total === before.total && state.currency === before.currency && state.items === before.items,
      () => `what order ${before.id} costs was frozen at its placement`,
    );
  }
  invariant(state.status === statusOf(state), () => `order ${state.id} in ${state.stage} shows ${state.status}`);
  let sequence = before?.historyLength ?? 0;
  for (const { table, row } of entries) {
    if (table !== HISTORY) continue;
    sequence++;
    invariant(row.sequence === sequence, () => `entry ${row.sequence} of order ${state.id} should be ${sequence}`);
  }
  invariant(
    state.historyLength === sequence,
    () => `order ${state.id} counts ${state.historyLength} entries of its history and has ${sequence}`,
  );
};

const isAmount = (value: number) => Number.isSafeInteger(value) && value >= 0;

function checkAmounts(order: Order): void {
  const { id, subtotal, discount, shipping, tax, total } = order;
  let lineSubtotals = 0;
  let lineDiscounts = 0;
  for (const line of order.items) {
    invariant(
      isAmount(line.subtotal) && isAmount(line.discount) && isAmount(line.tax) && isAmount(line.total),
      () => `order ${id}: an amount of ${line.sku} is not a whole number from 0`,
    );
    invariant(
      line.subtotal === line.unitPrice * line.quantity && isTotal(line.total, line.subtotal - line.discount, line.tax),
      () => `order ${id}: the line of ${line.sku} does not add up`,
    );
    lineSubtotals += line.subtotal;
    lineDiscounts += line.discount;
  }
  invariant(
    isAmount(subtotal) && isAmount(discount) && isAmount(shipping) && isAmount(tax) && isAmount(total),
    () => `order ${id}: an amount is not a whole number from 0`,
  );
  invariant(
    subtotal === lineSubtotals && discount === lineDiscounts && isTotal(total, subtotal - discount + shipping, tax),
    () => `order ${id}: its lines do not add up to its total of ${total}`,
  );
}
