import { expect, test } from "bun:test";
import { edgeAsks } from "../runtime/edge/asks.ts";
import { callersOf, checkRegistry, collectionsOf, topicsOf } from "../runtime/registry.ts";
import { registry } from "./registry.ts";

/** A seventh may be added; it changes nothing of these. */
const SIX = ["order", "payment", "inventory", "pricing", "delivery", "notification"];

test("the declarations of all modules fit together; those of the six have these topics and paths", () => {
  checkRegistry(registry);
  const topics = topicsOf(registry).filter(({ module }) => SIX.includes(module));
  expect(topics.map(({ name }) => name)).toEqual([
    "genai-demo.delivery.commands.v1",
    "genai-demo.delivery.events.v1",
    "genai-demo.inventory.commands.v1",
    "genai-demo.inventory.events.v1",
    "genai-demo.inventory.low-stock.events.v1",
    "genai-demo.order.events.v1",
    "genai-demo.payment.commands.v1",
    "genai-demo.payment.events.v1",
    "genai-demo.pricing.commands.v1",
    "genai-demo.pricing.events.v1",
  ]);
  expect(Object.fromEntries(registry.map((module) => [module.name, collectionsOf(module)]))).toMatchObject({
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
    "pricing.productKnown": ["inventory"],
    "pricing.holdCoupon": ["order"],
    "order.orderKnown": ["pricing"],
  });
});
