/** Raises senders' numbers to what receivers have handled, by the statement of the runbook. */
import { registry } from "../../modules/registry.ts";
import type { Listed } from "./listing.ts";
import type { ModuleDatabase } from "./module-databases.ts";

interface Place {
  readonly table: string;
  readonly id: string;
}

const PLACES: Readonly<Record<string, Place>> = {
  order: { table: '"order".orders', id: "id" },
  payment: { table: "payment.payment", id: "order_id" },
  inventory: { table: "inventory.reservation", id: "order_id" },
  pricing: { table: "pricing.coupon_hold", id: "order_id" },
  delivery: { table: "delivery.shipment", id: "order_id" },
  notification: { table: "notification.order_notices", id: "order_id" },
};

const BEHIND = /^\w+ has handled number (\d+) of (\S+), of which \d+ were sent$/;

/** The statement, as the runbook has it. */
export function statementIn(runbook: string): string {
  const [, statement] = /```sql\n(.+)\n```/.exec(runbook) ?? [];
  if (statement === undefined) throw new Error("the runbook has no statement that raises a number");
  return statement;
}

/** Raises each that is listed; gives how many there were. */
export async function raiseNumbers(
  databases: readonly ModuleDatabase[],
  listed: readonly Listed[],
  statement: string,
): Promise<number> {
  let raised = 0;
  for (const { subject, detail } of listed) {
    const [, number, topic] = BEHIND.exec(detail) ?? [];
    if (number === undefined || topic === undefined) continue;
    const sender = registry.find(({ topics }) => topics.sends.some(({ name }) => name === topic))?.name ?? "";
    const place = PLACES[sender];
    const database = databases.find(({ module }) => module === sender);
    if (place === undefined || database === undefined) throw new Error(`nobody sends ${topic}`);
    const filled = statement
      .replace("TABLE", place.table)
      .replace("ID", place.id)
      .replace("TOPIC", topic)
      .replace("NUMBER", number)
      .replace("ORDER", subject.slice("order ".length));
    await database.query(filled);
    raised += 1;
  }
  return raised;
}
