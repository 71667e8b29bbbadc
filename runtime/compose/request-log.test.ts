import { expect, test } from "bun:test";
import type { LogFields } from "../log.ts";
import { tellRequests } from "./request-log.ts";

test("a request without a usable Host is told of like any other, and gets its answer", async () => {
  const told: LogFields[] = [];
  const handler = tellRequests(
    async () => new Response("answered"),
    { now: () => 0 },
    (_level, _event, fields) => void told.push(fields),
  );
  // Bun's own, whose URL is then the bare target; the constructor would not make one.
  const request = new Request("http://shop.test/");
  Object.defineProperty(request, "url", { value: "/api/v1/orders?customerId=alice" });
  expect(await (await handler(request)).text()).toBe("answered");
  expect(told).toEqual([expect.objectContaining({ path: "/api/v1/orders", status: 200 })]);
});
