/** What the processes of a platform tell Prometheus of an order that went through them, and that nothing personal is in it. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { provideOrSkip } from "../provision/missing.ts";
import { providePrometheusParser, type Sample } from "../provision/prometheus-parser.ts";
import { basket, basketOf, type Client, eventually } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";
import { groupingOf } from "./topology.ts";

const MODULES = ["order", "payment", "inventory", "pricing", "delivery", "notification"];
const SPLIT = groupingOf(process.env["GENAI_DEMO_TOPOLOGY"]) !== null;
const parse = await provideOrSkip(
  "the metrics of a platform, read by Prometheus's own parser",
  providePrometheusParser,
);

let platform: TestPlatform;
let alice: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("metrics-alice");
});

const textOf = async (base: string) => (await fetch(`${base}/metrics`)).text();

/** A scrape of every process. */
async function scrape() {
  const texts = await Promise.all(platform.process.internalUrls.map(textOf));
  const families = texts.flatMap((text) => parse?.(text) ?? []);
  const samples = families.flatMap((family) => family.samples);
  const found = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    samples.filter(
      (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
    );
  const sum = (some: readonly Sample[]) => some.reduce((all, { value }) => all + (value ?? Number.NaN), 0);
  return {
    families,
    samples,
    found,
    sum: (name: string, labels?: Readonly<Record<string, string>>) => sum(found(name, labels)),
  };
}

describe.skipIf(parse === undefined)("GET /metrics of every process", () => {
  const requests = { module: "order", route: "/api/v1/orders", method: "POST", status: "2xx" };
  const asked = { method: "pricing.priceBasket", outcome: "answered" };
  const stages = ["PENDING", "RESERVED", "CONFIRMED", "FULFILLING", "REJECTED"];
  const handlers = [
    ["order", "command", "placeOrder"],
    ["order", "message", "payment.PaymentAuthorised"],
    ["inventory", "message", "inventory.ReserveStock"],
    ["payment", "message", "payment.AuthorisePayment"],
    ["payment", "call", "authorise"],
    ["delivery", "message", "delivery.ScheduleShipment"],
    ["notification", "message", "order.OrderConfirmed"],
  ] as const;
  /** By how much each grows at least when one order is confirmed and another one declined. */
  const growth: readonly (readonly [name: string, labels: Readonly<Record<string, string>>, atLeast: number])[] = [
    ["orders_created_total", {}, 2],
    ["orders_processing_time_seconds_count", { outcome: "confirmed" }, 1],
    ["orders_processing_time_seconds_sum", { outcome: "confirmed" }, 0.001],
    ["orders_processing_time_seconds_count", { outcome: "rejected" }, 1],
    ...stages.map((stage) => ["orders_saga_steps_total", { stage }, 1] as const),
    ["orders_saga_outcomes_total", { outcome: "REJECTED", reason: "payment_declined" }, 1],
    ["http_server_request_duration_seconds_count", requests, 2],
    ["rpc_client_duration_seconds_count", asked, 2],
    ["rpc_server_duration_seconds_count", asked, 2],
    ...handlers.map(
      ([module, kind, handler]) =>
        ["handler_duration_seconds_count", { module, kind, handler, outcome: "handled" }, 1] as const,
    ),
  ];

  test("tells of an order on its whole way, of a refused one, and of what carried them", async () => {
    const before = await scrape();
    const placed = await alice.place(basket({ email: "metrics-alice@example.com" }), { wait: 10 });
    await alice.until(placed.id, "FULFILLING");
    const refused = await alice.place(basketOf("SKU-016", 1, "tok_declined"), { wait: 10 });
    expect(refused.status).toBe("REJECTED");

    const missing = async () => {
      const after = await scrape();
      return growth.filter(
        ([name, labels, atLeast]) => !(after.sum(name, labels) - before.sum(name, labels) >= atLeast),
      );
    };
    expect(await eventually(missing, ({ length }) => length === 0)).toEqual([]);
  });

  test("tells of each module what waits, of each pool, and of the process itself", async () => {
    const { found, sum } = await scrape();
    const modulesOf = (name: string) => [...new Set(found(name).map(({ labels }) => labels["module"]))].sort();
    for (const name of [
      "outbox_messages",
      "outbox_age_seconds",
      "calls_waiting",
      "timers_due",
      "dead_letters",
      "lane_items",
      "lane_backlog_seconds",
    ])
      expect(modulesOf(name), name).toEqual(MODULES.toSorted());
    expect(modulesOf("messaging_consumer_lag").length > 0).toBe(SPLIT);
    expect(found("db_client_connection_max").length).toBeGreaterThanOrEqual(MODULES.length);
    expect(sum("db_client_connection_max")).toBeGreaterThanOrEqual(4 * MODULES.length);
    for (const { value } of found("process_memory_usage_bytes")) expect(value).toBeGreaterThan(20_000_000);
    expect(found("process_memory_usage_bytes")).toHaveLength(platform.process.internalUrls.length);
    expect(sum("process_eventloop_delay_seconds_count")).toBeGreaterThan(0);
    expect([...new Set(found("rpc_client_breaker_open").map(({ value }) => value))]).toEqual([0]);
  });

  test("names only what docs/metrics.md lists, and no label holds an id or a name of somebody", async () => {
    const document = await readFile(join(import.meta.dir, "../../docs/metrics.md"), "utf8");
    const { families, samples } = await scrape();
    for (const { name, type } of families)
      expect(document, name).toMatch(new RegExp(`\`${name}${type === "counter" ? "_total" : ""}\` +\\| ${type}`));
    for (const { labels } of samples)
      for (const value of Object.values(labels)) expect(value).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|alice|@/);
    const others = samples.filter(({ name, labels }) => name.startsWith("rpc_") && labels["method"] === "other");
    expect(others).toEqual([]);
  });

  test("is a scraper's text, small enough for one, and is not to be had on the public port", async () => {
    for (const base of platform.process.internalUrls) {
      const response = await fetch(`${base}/metrics`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect((await response.text()).length).toBeLessThan(1_000_000);
    }
    expect((await fetch(`${platform.process.url}/metrics`)).status).toBe(404);
  });
});
