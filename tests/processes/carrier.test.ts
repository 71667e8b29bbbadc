/** The simulated carrier takes parcels by itself where it is told how long its steps are. */
import { expect, test } from "bun:test";
import { basketOf } from "../journeys/client.ts";
import { startTestPlatform } from "../journeys/platform.ts";

test("a parcel goes its whole way, and its order with it", async () => {
  const platform = await startTestPlatform({ CARRIER_STEP_MS: "300", RETURN_WINDOW_MS: "500" });
  try {
    const alice = await platform.customer("alice");
    const order = await alice.place(basketOf("SKU-001", 1), { wait: 10 });
    await alice.until(order.id, "COMPLETED", 30_000);
    const types = (await alice.history(order.id)).map(({ type }) => type);
    expect(types.slice(5)).toEqual([
      "DispatchRequested",
      "PaymentCaptured",
      "ParcelHandedOver",
      "ParcelDelivered",
      "OrderCompleted",
    ]);
  } finally {
    await platform.stop();
  }
}, 60_000);
