import { expect, test } from "bun:test";
import * as z from "zod";
import { createApp, handlerOf } from "../http/app.ts";
import { createHealth, healthRoutes } from "../http/health.ts";
import { httpFor } from "../http/http.fixture.ts";
import { mountRoutes } from "../http/mount.ts";
import { route } from "../http/route.ts";
import { anInstance } from "../instance.fixture.ts";
import { defineEvents, topicOf } from "../messages/contract.ts";
import type { ModuleFacts } from "../module.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { askKept } from "../traces-rpc.ts";
import { mountEdge } from "./edge.ts";

const clock = { now: () => 1_700_000_000_000 };
const http = httpFor();
const KEY = { kty: "EC", crv: "P-256", x: "x", y: "y", kid: "one", alg: "ES256", use: "sig" };

/** It runs elsewhere: this process mounts nothing of it. */
const shelf: ModuleFacts = {
  name: "shelf",
  topics: { subscribes: [], sends: [topicOf(defineEvents("shelf", { Filled: z.object({ count: z.int() }) }))] },
  serves: [],
  asks: [],
  routes: [
    route({
      method: "GET",
      path: "/api/v1/shelves",
      rights: { callers: "anyone", object: "shared" },
      tag: "shelf",
      summary: "Every shelf",
      responses: { 200: { description: "All of them." } },
      handle: async () => ({ status: 200 }),
    }),
  ],
};

function edge(developmentKeys?: { keys: (typeof KEY)[] }) {
  const app = createApp(http);
  const routes = healthRoutes(createHealth());
  mountRoutes(app, routes, http);
  const ops = { rpc: { call: () => Promise.reject(new Error("asks nobody")) }, modules: [], clock, scheduler };
  const topology = { modules: [], self: () => anInstance(), replicas: undefined };
  const traces = { modules: [], own: [], ask: askKept("test", undefined), replicas: undefined };
  mountEdge(app, { routes, modules: [shelf], developmentKeys, ops, topology, traces, http });
  const handler = handlerOf(app);
  return (path: string, init: RequestInit = {}) => handler(new Request(`http://shop.test:9090${path}`, init));
}
const get = edge({ keys: [KEY] });

test("the OpenAPI document holds the process's own routes, those of all modules, and the edge's", async () => {
  const document = z
    .object({
      openapi: z.string(),
      servers: z.array(z.object({ url: z.string() })),
      paths: z.record(
        z.string(),
        z.record(z.string(), z.object({ operationId: z.string(), tags: z.array(z.string()) })),
      ),
    })
    .parse(await (await get("/openapi.json")).json());
  expect(document.openapi).toStartWith("3.1");
  expect(document.servers).toEqual([{ url: "/" }]);
  const operations = Object.entries(document.paths).map(([path, { get: operation }]) => [path, operation?.operationId]);
  expect(operations).toEqual([
    ["/health/live", "getHealthLive"],
    ["/health/ready", "getHealthReady"],
    ["/api/v1/shelves", "getShelves"],
    ["/.well-known/jwks.json", "getWellKnownJwksJson"],
    ["/api/v1/ops/deadletters", "getOpsDeadletters"],
    ["/api/v1/ops/deadletters/{id}", "getOpsDeadlettersId"],
    ["/api/v1/ops/deadletters/{id}/replay", undefined],
    ["/api/v1/ops/deadletters/replay", undefined],
    ["/api/v1/ops/deadletters/{id}/discard", undefined],
    ["/api/v1/ops/outbox", "getOpsOutbox"],
    ["/api/v1/ops/reconcile", "getOpsReconcile"],
    ["/api/v1/ops/sagas", "getOpsSagas"],
    ["/api/v1/ops/audit", "getOpsAudit"],
    ["/api/v1/ops/topology", "getOpsTopology"],
    ["/api/v1/ops/traces", "getOpsTraces"],
  ]);
});

test("the AsyncAPI document holds the topics of all modules", async () => {
  const document = z
    .object({ asyncapi: z.string(), channels: z.record(z.string(), z.object({ address: z.string() })) })
    .parse(await (await get("/asyncapi.json")).json());
  expect(document).toEqual({
    asyncapi: "3.0.0",
    channels: { "genai-demo.shelf.events.v1": { address: "genai-demo.shelf.events.v1" } },
  });
});

test("public keys of the development issuer, none where it is not trusted", async () => {
  expect(await (await get("/.well-known/jwks.json")).json()).toEqual({ keys: [KEY] });
  expect(await (await edge()("/.well-known/jwks.json")).json()).toEqual({ keys: [] });
});

test("pages load only what is theirs, and name everything that they need", async () => {
  for (const path of ["/", "/docs"]) {
    const page = await get(path);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|script-src/);
    const html = await page.text();
    expect(html).not.toMatch(/<script|<style|style=|\bon\w+=/);
    const links = [...html.matchAll(/<link [^>]*href="([^"]+)"/g)].map(([, href]) => href ?? "");
    expect(links).toHaveLength(2);
    for (const link of [...links, "/favicon.ico"]) expect([link, (await get(link)).status]).toEqual([link, 200]);
  }
});

test("the welcome page uses the address it was asked at, and offers a token only where one is accepted", async () => {
  const development = await (await get("/")).text();
  expect(development).toContain("http://shop.test:9090/api/v1/orders");
  expect(development).toContain("token --role customer");
  expect(await (await edge()("/")).text()).not.toContain("token --role customer");
});

test.each(["/", "/docs", "/openapi.json", "/asyncapi.json", "/health/live", "/nothing"])(
  "HEAD %s has the headers of GET",
  async (path) => {
    const [full, head] = [await get(path), await get(path, { method: "HEAD" })];
    const length = (await full.arrayBuffer()).byteLength;
    expect(length).toBeGreaterThan(0);
    expect(head.status).toBe(full.status);
    expect(await head.text()).toBe("");
    expect(head.headers.get("content-length")).toBe(String(length));
    expect(Object.fromEntries(head.headers)).toEqual({
      ...Object.fromEntries(full.headers),
      "content-length": `${length}`,
    });
  },
);
