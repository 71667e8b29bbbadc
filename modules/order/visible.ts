import * as z from "zod";
import { createGroupedWork } from "../../runtime/database/grouped-work.ts";
import type { Database } from "../../runtime/database/port.ts";
import { ProblemError, problem } from "../../runtime/http/problem.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { Order } from "./order.ts";
import type { PlacingDeps } from "./placing.ts";
import { ordersOf, readOrders } from "./store.ts";

/** What the routes of orders work with. */
export interface OrderRouteDeps extends PlacingDeps {
  readonly database: Database;
}

export const orderPath = z.object({ id: z.uuid() });

/** Reads orders as committed; requests that come together share a statement. */
export function orderReader(database: Database) {
  return createGroupedWork(async (ids: readonly string[]): Promise<(Stored<Order> | undefined)[]> => {
    const found = ordersOf(await database.query(readOrders([...new Set(ids)].sort())));
    return ids.map((id) => found.get(id));
  });
}

/** The order, if the caller may see it: a stranger's looks like one that does not exist. Throws a 404. */
export async function visible({ find }: OrderRouteDeps, id: string, principal: Principal): Promise<Stored<Order>> {
  const stored = await find(id.toLowerCase());
  if (stored && (principal.role === "operator" || stored.state.customerId === principal.subject)) return stored;
  throw new ProblemError(problem("not-found", `There is no order ${id}.`));
}
