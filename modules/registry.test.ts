import { expect, test } from "bun:test";
import { edgeAsks } from "../runtime/edge/asks.ts";
import { callersOf, checkRegistry, collectionsOf, topicsOf } from "../runtime/registry.ts";
import { registry } from "./registry.ts";

test("the declarations of the six modules fit together", () => {
  checkRegistry(registry);
  expect(topicsOf(registry).map(({ name }) => name)).toEqual([
    "genai-demo.delivery.commands.v1",
    "genai-demo.delivery.events.v1",
    "genai-demo.inventory.commands.v1",
    "genai-demo.inventory.events.v1",
    "genai-demo.order.events.v1",
    "genai-demo.payment.commands.v1",
    "genai-demo.payment.events.v1",
    "genai-demo.pricing.commands.v1",
    "genai-demo.pricing.events.v1",
  ]);
  expect(Object.fromEntries(registry.map((module) => [module.name, collectionsOf(module)]))).toEqual({
    order: ["orders"],
    payment: ["payments"],
    inventory: ["inventory"],
    pricing: ["pricing"],
    delivery: ["deliveries"],
    notification: ["notifications"],
  });
});

test("each method is asked by who needs it, and by nobody else", () => {
  const callers = callersOf(registry, edgeAsks);
  const others = [...callers].filter(([, who]) => who.join() !== "edge");
  expect(Object.fromEntries(others)).toEqual({
    "pricing.priceBasket": ["order"],
    "pricing.holdCoupon": ["order"],
    "order.orderKnown": ["pricing"],
  });
});
