import * as z from "zod";
import { createGroupedWork } from "../../runtime/database/grouped-work.ts";
import type { Database } from "../../runtime/database/port.ts";
import type { EventStreams } from "../../runtime/http/event-streams.ts";
import { objectInPath } from "../../runtime/http/rights.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { HistoryEntry, Order } from "./order.ts";
import type { PlacingDeps } from "./placing.ts";
import { type HistoryPlace, historyOf, orderStore, ordersOf, readHistories } from "./store.ts";

/** What the routes of orders work with. */
export interface OrderRouteDeps extends PlacingDeps {
  readonly database: Database;
  readonly streams: EventStreams;
  /** The next entries of an order's history, as committed by any process. */
  readonly historyAfter: (place: HistoryPlace) => Promise<readonly HistoryEntry[]>;
}

export const orderPath = z.object({ id: z.uuid() });

/** Reads orders as committed; requests that come together share a statement. */
export function orderReader(database: Database) {
  return createGroupedWork(async (ids: readonly string[]): Promise<(Stored<Order> | undefined)[]> => {
    const found = ordersOf(await database.query(orderStore.load([...new Set(ids)].sort())));
    return ids.map((id) => found.get(id));
  });
}

/** Reads histories; streams that are told of changes together share a statement. */
export function historyReader(database: Database) {
  return createGroupedWork(async (places: readonly HistoryPlace[]): Promise<HistoryEntry[][]> => {
    const rows = await database.query(readHistories(places));
    const byRequest = Map.groupBy(rows, ({ request }) => Number(request));
    return places.map((_place, index) => historyOf(byRequest.get(index + 1) ?? []));
  });
}

/** The order that the path names: what routes are about. */
export const orderInPath = objectInPath({
  noun: "order",
  parameter: "id",
  find: (id, { find }: OrderRouteDeps) => find(id.toLowerCase()),
  ownerOf: ({ state }) => state.customerId,
});
