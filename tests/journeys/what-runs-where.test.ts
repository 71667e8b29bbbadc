/** An operator sees every module with the processes that run it, in whatever shape, and nobody else does. */
import { beforeAll, expect, test } from "bun:test";
import * as z from "zod";
import { version } from "../../package.json";
import { type Client, createClient, eventually } from "./client.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

const instance = z.object({
  answered: z.literal(true),
  here: z.boolean(),
  address: z.url().optional(),
  id: z.uuid(),
  version: z.string(),
  startedAt: z.iso.datetime(),
  modules: z.array(z.string()),
  edge: z.boolean(),
  transport: z.string(),
  cache: z.string(),
  ready: z.boolean(),
  parts: z.array(z.object({ name: z.string(), state: z.string() })),
});
const topology = z.object({
  ok: z.boolean(),
  problems: z.array(z.object({ module: z.string(), address: z.url().optional(), problem: z.string() })),
  checkedAt: z.iso.datetime(),
  versions: z.array(z.string()),
  modules: z.array(z.object({ name: z.string(), ready: z.boolean(), instances: z.array(instance).min(1) })),
});
const PATH = "/api/v1/ops/topology";

let platform: TestPlatform;

beforeAll(async () => {
  platform = await sharedPlatform();
});

const ask = (client: Client) => client.send({ method: "GET", path: PATH });

async function look() {
  const answer = await ask(await platform.as("operator", "olga"));
  expect([answer.status, answer.text.slice(0, 500)]).toEqual([200, expect.any(String)]);
  return topology.parse(JSON.parse(answer.text));
}

test("every module stands with its processes, each of which says how it is", async () => {
  const { modules, versions, problems } = await eventually(look, ({ ok }) => ok);
  expect([problems, versions]).toEqual([[], [version]]);
  expect(modules.map(({ name }) => name).sort()).toEqual(
    ["delivery", "inventory", "notification", "order", "payment", "pricing"].sort(),
  );
  for (const { name, ready, instances } of modules) {
    expect([name, ready]).toEqual([name, true]);
    for (const each of instances) {
      expect(each.modules).toContain(name);
      expect([each.ready, each.here || each.address !== undefined]).toEqual([true, true]);
      expect(each.parts).toContainEqual({ name: "modules", state: "up" });
    }
  }
  // Who answers is the edge, and says so wherever it stands.
  const all = modules.flatMap(({ instances }) => instances);
  expect(new Set(all.filter(({ here }) => here).map(({ id }) => id)).size).toBe(1);
  expect(all.find(({ here }) => here)?.edge).toBe(true);
  // Messages between processes go over brokers.
  const processes = new Set(all.map(({ id }) => id)).size;
  if (processes > 1) expect(new Set(all.map(({ transport }) => transport))).toEqual(new Set(["kafka"]));
});

test("for operators with the scope alone", async () => {
  expect((await ask(platform.guest())).status).toBe(401);
  expect((await ask(await platform.customer("alice"))).status).toBe(403);
  const narrow = await tokenOf(platform.dataDir, "operator", "nora", ["payment:read"]);
  expect((await ask(createClient(platform.process.url, narrow))).status).toBe(403);
});

test("it is in the document of all routes", async () => {
  const { text } = await platform.guest().send({ method: "GET", path: "/openapi.json" });
  expect(JSON.parse(text).paths[PATH].get.security).toEqual([{ operator: ["ops:read"] }]);
});
