import { expect, test } from "bun:test";
import { edgeAsks } from "../runtime/edge/asks.ts";
import { callersOf, checkRegistry, collectionsOf, topicsOf } from "../runtime/registry.ts";
import { RUNTIME_METRICS } from "../runtime/telemetry/metrics/catalogue.ts";
import { prometheusName } from "../runtime/telemetry/metrics/prometheus.ts";
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

test("no two metrics have one name, as OpenTelemetry writes it or Prometheus, and each says what to do", () => {
  const all = [...RUNTIME_METRICS, ...registry.flatMap(({ metrics = [] }) => metrics)];
  for (const names of [all.map(({ name }) => name), all.map(prometheusName)])
    expect(new Set(names).size).toBe(all.length);
  for (const { name, description, whenHigh, labels } of all)
    for (const text of [description, whenHigh, ...Object.values(labels)]) expect(text, name).not.toBeEmpty();
});
