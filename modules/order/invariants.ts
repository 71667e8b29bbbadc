/** What no decision on an order may break, whichever answer it follows. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import { isTotal } from "../../runtime/money.ts";
import { hasEnded, isRefused, isUndone, type Order, statusOf, transitions } from "./order.ts";
import { HISTORY } from "./record.ts";

/**
 * Amounts add up, every change of status is legal, the history has no hole; an order has a reason and something to undo
 * only while it is undone, and needs nobody's attention once it has ended.
 */
export const orderInvariants: DecisionInvariants<Order> = (before, { state, entries = [] }) => {
  if (state === undefined) {
    invariant(entries.length === 0, () => `the history of ${before?.id} goes on without its order`);
    return;
  }
  if (before === undefined) checkAmounts(state);
  else
    invariant(
      state.stage === before.stage || transitions[before.stage].includes(state.stage),
      () => `order ${before.id} cannot go from ${before.stage} to ${state.stage}`,
    );
  const { id, stage, reason, attention, undoing } = state;
  invariant(state.status === statusOf(state), () => `order ${id} in ${stage} shows ${state.status}`);
  invariant((reason !== null) === isUndone(stage), () => `order ${id} in ${stage} has the reason ${reason}`);
  invariant(
    isRefused(stage) || undoing.length > 0 === (stage === "CANCEL_PENDING"),
    () => `order ${id} in ${stage} has to undo: ${undoing.join(", ") || "nothing"}`,
  );
  invariant(
    attention === null || !hasEnded({ ...state, attention: null }),
    () => `order ${id} needs attention in ${stage}`,
  );
  let sequence = before?.historyLength ?? 0;
  for (const { table, row } of entries) {
    if (table !== HISTORY) continue;
    sequence++;
    invariant(row.sequence === sequence, () => `entry ${row.sequence} of order ${id} should be ${sequence}`);
  }
  invariant(
    state.historyLength === sequence,
    () => `order ${id} counts ${state.historyLength} entries of its history and has ${sequence}`,
  );
};

const isAmount = (value: number) => Number.isSafeInteger(value) && value >= 0;

function checkAmounts(order: Order): void {
  const { id, subtotal, discount, shipping, tax, total } = order;
  let lineSubtotals = 0;
  let lineDiscounts = 0;
  let lineTaxes = 0;
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
    lineTaxes += line.tax;
  }
  invariant(
    isAmount(subtotal) && isAmount(discount) && isAmount(shipping) && isAmount(tax) && isAmount(total),
    () => `order ${id}: an amount is not a whole number from 0`,
  );
  invariant(
    subtotal === lineSubtotals && discount === lineDiscounts && isTotal(total, subtotal - discount + shipping, tax),
    () => `order ${id}: its lines do not add up to its total of ${total}`,
  );
  invariant(
    shipping === 0 ? tax === lineTaxes : tax >= lineTaxes && tax <= lineTaxes + shipping,
    () => `order ${id}: its tax of ${tax} is not that of its lines and its shipping of ${shipping}`,
  );
}
