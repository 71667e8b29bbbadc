import { expect, test } from "bun:test";
import { createArrivals, hopOf, timeHops } from "./hop-times.ts";
import { measureCall, measureInProcessTransport } from "./transport-latency.ts";

test("the first tenth does not count, and no more hops are made than may be", async () => {
  let hops = 0;
  const latency = await timeHops(async () => (++hops <= 10 ? 1_000 : hops), 60_000, 100);
  expect(hops).toBe(100);
  expect(latency).toMatchObject({ count: 90, p50Ms: 56, maxMs: 100 });
});

test("too few hops give no figure", async () => {
  await expect(timeHops(async () => 1, 60_000, 19)).rejects.toThrow("only 19 messages in 60000 ms");
});

test("a hop lasts from the send until the arrival, whichever of send and arrival ends first", async () => {
  const arrivals = createArrivals();
  const early = await hopOf(async () => arrivals.arrived(), arrivals);
  expect(early).toBeGreaterThanOrEqual(0);
  const late = hopOf(async () => void setTimeout(arrivals.arrived, 20), arrivals);
  expect(await late).toBeGreaterThan(10);
  const refused = hopOf(() => Promise.reject(new Error("no broker")), arrivals);
  await expect(refused).rejects.toThrow("no broker");
});

test("the transport in process and a call are measured until the subscriber was called", async () => {
  for (const measure of [measureInProcessTransport, measureCall]) {
    const { count, p50Ms } = await measure(100);
    expect(count).toBeGreaterThan(20);
    // A subscriber that was not called would give a time before the start.
    expect(p50Ms).toBeGreaterThanOrEqual(0);
  }
});
