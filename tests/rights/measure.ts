/** The matrix of rights on a platform that runs: makes an order, whose owner is asked for, and asks every cell. */
import { registry } from "../../modules/registry.ts";
import { publicRoutes } from "../../runtime/edge/public-routes.ts";
import { basketOf, eventually } from "../journeys/client.ts";
import type { TestPlatform } from "../journeys/platform.ts";
import { OWNER, openCallers } from "./callers.ts";
import { cellsOf } from "./cells.ts";
import { type Mismatch, mismatchesOf } from "./matrix.ts";

const REQUEST_TIMEOUT_MS = 30_000;

export interface MeasuredRights {
  readonly cells: number;
  readonly mismatches: readonly Mismatch[];
}

/** Asks every cell; each route, caller and object of the platform is in it. */
export async function measureRights(platform: TestPlatform): Promise<MeasuredRights> {
  const owner = await platform.customer(OWNER);
  const order = await owner.place(basketOf("SKU-001", 1), { wait: 10 });
  await owner.until(order.id, "FULFILLING");
  const [payment] = await owner.payments(order.id);
  const [delivery] = await owner.deliveries(order.id);
  if (!payment || !delivery) throw new Error(`order ${order.id} has no payment or no delivery`);
  await eventually(
    () => owner.notifications(order.id),
    (found) => found.length > 0,
  );
  const ids = { order: order.id, payment: payment.id, delivery: delivery.id };
  const cells = await cellsOf(publicRoutes(registry), await openCallers(platform.dataDir), ids);
  const send = (request: Request) => fetch(request, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  return { cells: cells.length, mismatches: await mismatchesOf(cells, send, platform.process.url, ids) };
}
