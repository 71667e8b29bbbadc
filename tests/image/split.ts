/** Each module in a container of its own, over Kafka, PostgreSQL and Redis: the same image, told by MODULES what to run. */

import type { Check } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { basket } from "../journeys/client.ts";
import { startOn, type TestPlatform } from "../journeys/platform.ts";
import { type SplitServers, splitShape } from "../journeys/split-shape.ts";
import { SIX } from "../journeys/topology.ts";
import type { Containers } from "./container.ts";

const ORDERS = 3;

/** Places orders through six containers. */
export async function checkSplit(check: Check, containers: Containers, servers: SplitServers): Promise<void> {
  let platform: TestPlatform | undefined;
  try {
    const grouping = { groups: SIX, replicas: 1 };
    const shape = await splitShape(servers, grouping, { NODE_ENV: "development" }, containers.start);
    platform = await startOn(shape);
    const alice = await platform.customer("alice");
    for (let placed = 0; placed < ORDERS; placed++) {
      const order = await alice.place(basket(), { wait: 20 });
      await alice.until(order.id, "FULFILLING", 30_000);
    }
    check("six containers of one module each confirm orders and hand them over to delivery", []);
    const code = await platform.process.stop();
    check("each of them ends with exit code 0", code === 0 ? [] : [`one ended with ${code}`]);
  } catch (error) {
    check("six containers of one module each run", [messageOf(error), platform?.output().slice(-4_000) ?? ""]);
  } finally {
    await platform?.stop();
  }
}
