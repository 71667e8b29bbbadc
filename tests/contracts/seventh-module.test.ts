/** One folder and one line: everything else of a seventh module follows from its declaration. */
import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry as six } from "../../modules/registry.ts";
import { version } from "../../package.json";
import { generatedFiles, staleContracts } from "../../runtime/cli/contract-files.ts";
import { run as writeFiles } from "../../runtime/cli/modules.ts";
import { asyncApiFaults } from "../../runtime/contracts/published-schema.fixture.ts";
import { mountEdge } from "../../runtime/edge/edge.ts";
import { createApp, handlerOf } from "../../runtime/http/app.ts";
import { httpFor } from "../../runtime/http/http.fixture.ts";
import { anInstance } from "../../runtime/instance.fixture.ts";
import { schemasOf } from "../../runtime/platform.ts";
import { checkRegistry, topicsOf } from "../../runtime/registry.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { askKept } from "../../runtime/traces-rpc.ts";
import { seventh } from "./seventh/index.ts";

/** The line. */
const registry = [...six, seventh];

const CHECKOUT = join(import.meta.dir, "..", "..");
const EVENTS = "genai-demo.seventh.events.v1";
let root = "";

/** The files as they are with six modules. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "genai-demo-seventh-"));
  for (const { path } of generatedFiles(six)) await cp(join(CHECKOUT, path), join(root, path));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const readJson = async (path: string) => JSON.parse(await readFile(join(root, path), "utf8"));

/** What the edge of a platform of seven answers. */
function edge() {
  const clock = { now: () => 0 };
  const http = httpFor();
  const app = createApp(http);
  const rpc = { call: () => Promise.reject(new Error("asks nobody")) };
  const topology = { modules: [], self: () => anInstance(), replicas: undefined };
  const traces = { modules: [], own: [], ask: askKept("test", undefined), replicas: undefined };
  const ops = { rpc, modules: [], clock, scheduler };
  mountEdge(app, { routes: [], modules: registry, ops, topology, traces, http });
  const handler = handlerOf(app);
  return async (path: string) => (await handler(new Request(`http://shop.test${path}`))).json();
}

test("its declaration fits the others, and gives it a topic and a schema", () => {
  checkRegistry(registry);
  expect(topicsOf(registry).map(({ name }) => name)).toContain(EVENTS);
  expect(schemasOf(registry).map(({ name }) => name)).toContain("seventh");
});

test("its routes are in /openapi.json, its channel in /asyncapi.json", async () => {
  const get = edge();
  expect(await get("/openapi.json")).toMatchObject({
    info: { description: expect.stringContaining("seventh") },
    paths: { "/api/v1/seventh/{customerId}": { get: { operationId: "getSeventhCustomerId" } } },
  });
  const messages = await get("/asyncapi.json");
  expect(asyncApiFaults(messages)).toEqual([]);
  expect(messages).toMatchObject({
    channels: { [EVENTS]: { messages: { PointsCollected: { payload: { required: ["customerId", "points"] } } } } },
    operations: {
      [`seventh.send.${EVENTS}`]: { action: "send" },
      "seventh.receive.genai-demo.order.events.v1": { action: "receive" },
    },
  });
});

test("one command writes its contract's file, and its place in modules.json, among the rights and in the picture", async () => {
  const contract = `modules/seventh/schemas/${version}.json`;
  const before = await staleContracts(root, registry);
  const stale = before.map((line) => line.split(" ")[0] ?? "");
  expect(stale.filter((path) => !path.startsWith("k8s/"))).toEqual([
    "modules.json",
    contract,
    "docs/rights.md",
    "docs/way-of-an-order.svg",
  ]);
  // Its own workload, and those that it asks or that ask it.
  expect(stale.filter((path) => path.startsWith("k8s/shapes/modules/"))).toEqual([
    "k8s/shapes/modules/kustomization.yaml",
    "k8s/shapes/modules/values/kustomization.yaml",
    "k8s/shapes/modules/order/edges.yaml",
    "k8s/shapes/modules/pricing/edges.yaml",
    ...["kustomization", "identity", "edges", "success-rate"].map((name) => `k8s/shapes/modules/seventh/${name}.yaml`),
  ]);
  const log = spyOn(console, "log").mockImplementation(() => undefined);
  expect(await writeFiles([], registry, root).finally(() => log.mockRestore())).toBe(0);
  expect(await staleContracts(root, registry)).toEqual([]);
  expect(await readJson(contract)).toMatchObject({ module: "seventh", topics: { [EVENTS]: { PointsCollected: {} } } });
  expect(await readFile(join(root, "docs/rights.md"), "utf8")).toContain("| `GET /api/v1/seventh/{customerId}` ");
  expect(await readJson("modules.json")).toMatchObject({
    modules: {
      seventh: {
        paths: ["/api/v1/seventh"],
        sends: [EVENTS],
        subscribes: ["genai-demo.order.events.v1"],
        asks: ["pricing.priceBasket"],
      },
    },
    topics: {
      [EVENTS]: { owner: "seventh", types: ["PointsCollected"], producers: ["seventh"], consumers: [] },
      "genai-demo.order.events.v1": { consumers: ["notification", "seventh"] },
    },
    rpc: { "pricing.priceBasket": ["order", "seventh"], "seventh.deadLetters.list": ["edge"], "seventh.pointsOf": [] },
  });
});

test("it gets a workload of its own, beside a pair, and in the one of all", async () => {
  const readYaml = async (path: string) => Bun.YAML.parse(await readFile(join(root, "k8s/shapes", path), "utf8"));
  const peer = (name: string) => ({ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } });
  expect(await readYaml("modules/seventh/edges.yaml")).toMatchObject({
    spec: { ingress: [{ from: [peer("order")] }], egress: [{ to: [peer("pricing")] }] },
  });
  expect(await readYaml("modules/values/kustomization.yaml")).toMatchObject({
    replacements: expect.arrayContaining([
      expect.objectContaining({ source: { kind: "Values", fieldPath: "spec.targetGroups.seventh" } }),
    ]),
  });
  expect(await readYaml("pairs/seventh/kustomization.yaml")).toMatchObject({
    configMapGenerator: [
      {
        literals: expect.arrayContaining([
          "SEVENTH_RPC_URL=http://seventh:8081",
          "ORDER_RPC_URL=http://order-payment:8081",
        ]),
      },
    ],
  });
  expect(await readYaml("platform/platform/identity.yaml")).toMatchObject({
    spec: { modules: expect.stringMatching(/,seventh$/) },
  });
});
