import { expect, test } from "bun:test";
import { handlerWith, httpFor, principal } from "../http/http.fixture.ts";
import type { Principal } from "../identity/principal.ts";
import { anInstance } from "../instance.fixture.ts";
import type { Instance } from "../instance.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { HostUnknown, type Replica, type Replicas } from "../rpc/replicas.ts";
import { lookAround } from "./topology.ts";
import { topologyRoute, topologySchema } from "./topology-route.ts";

const self = () => anInstance();
const other = (number: number, different: Partial<Instance> = {}) =>
  anInstance({ id: `01890000-0000-7000-8000-00000000001${number}`, edge: false, ...different });
const at = (number: number) => `http://10.0.0.${number}:8081`;
const silent = (number: number): Replica<Instance> => ({ address: at(number), problem: "gave no answer in 3000 ms" });
const answering = (number: number, different: Partial<Instance> = {}): Replica<Instance> => ({
  address: at(number),
  answer: other(number, different),
});

/** What is found for each module; an error: nothing is, for that reason. */
const finding = (found: Readonly<Record<string, readonly Replica<Instance>[] | Error>>): Replicas => ({
  async ask(method) {
    const lines = found[method.module] ?? [];
    if (lines instanceof Error) throw lines;
    return lines.map((line) =>
      "answer" in line ? { address: line.address, answer: method.response.parse(line.answer) } : line,
    );
  },
});

test("this process alone: each module is here, and nobody is asked", async () => {
  const all = anInstance({ modules: ["order", "payment"] });
  const { modules, problems } = await lookAround({
    modules: ["order", "payment"],
    self: () => all,
    replicas: undefined,
  });
  expect(problems).toEqual([]);
  expect(modules).toEqual(
    ["order", "payment"].map((name) => ({ name, ready: true, instances: [{ answered: true, here: true, ...all }] })),
  );
});

test("this process, found by its address as well, stands once, before its replicas", async () => {
  const replicas = finding({ order: [answering(1), { address: at(2), answer: self() }], payment: [answering(3)] });
  const { modules, problems } = await lookAround({ modules: ["order", "payment"], self, replicas });
  expect(problems).toEqual([]);
  expect(modules.map(({ name, instances }) => [name, instances.map(({ here, address }) => [here, address])])).toEqual([
    [
      "order",
      [
        [true, at(2)],
        [false, at(1)],
      ],
    ],
    ["payment", [[false, at(3)]]],
  ]);
});

test("who does not answer is named with its reason, and the module is ready by its other replica", async () => {
  const replicas = finding({ payment: [silent(1), answering(2)], pricing: [silent(3)] });
  const { modules, problems } = await lookAround({ modules: ["order", "payment", "pricing"], self, replicas });
  expect(modules.map(({ name, ready }) => [name, ready])).toEqual([
    ["order", true],
    ["payment", true],
    ["pricing", false],
  ]);
  expect(modules[1]?.instances[0]).toEqual({
    answered: false,
    here: false,
    address: at(1),
    problem: "gave no answer in 3000 ms",
  });
  expect(problems).toEqual([
    { module: "payment", address: at(1), problem: "gave no answer in 3000 ms" },
    { module: "pricing", address: at(3), problem: "gave no answer in 3000 ms" },
  ]);
});

test("who is not ready, or works with something missing, is named with the part", async () => {
  const unready = { ready: false, parts: [{ name: "payment", state: "down", problem: "has no database" } as const] };
  const slower = { parts: [{ name: "redis", state: "impaired", problem: "was lost" } as const] };
  const replicas = finding({ payment: [answering(1, unready)], pricing: [answering(2, slower)] });
  const { modules, problems } = await lookAround({ modules: ["payment", "pricing"], self, replicas });
  expect(modules.map(({ ready }) => ready)).toEqual([false, true]);
  expect(problems.map(({ module, problem }) => [module, problem])).toEqual([
    ["payment", "not ready: payment has no database"],
    ["pricing", "impaired: redis was lost"],
  ]);
});

test("where no process is found, that is the problem; for a module that runs here it may have no other", async () => {
  const away = new RpcUnavailable("the name service said nothing");
  const unknown = new HostUnknown("no address is known");
  const modules = ["order", "payment", "pricing"];
  const nameless = await lookAround({ modules, self, replicas: finding({ order: unknown, payment: unknown }) });
  expect(nameless.problems).toEqual([
    { module: "payment", problem: "no address is known" },
    { module: "pricing", problem: "no process that runs it is known" },
  ]);
  const dumb = await lookAround({ modules: ["order"], self, replicas: finding({ order: away }) });
  expect(dumb.modules.map(({ ready }) => ready)).toEqual([true]);
  expect(dumb.problems).toEqual([{ module: "order", problem: "the name service said nothing" }]);
});

function ask(caller?: Principal) {
  const replicas = finding({ payment: [silent(1), answering(2, { version: "1.2.4" })] });
  const clock = { now: () => 1_700_000_000_000 };
  const routes = [topologyRoute({ modules: ["order", "payment"], self, replicas, clock })];
  const headers: Record<string, string> = caller === undefined ? {} : { authorization: "Bearer t" };
  const request = new Request("http://shop.test/api/v1/ops/topology", { headers });
  return handlerWith(routes, httpFor(caller && { t: caller }))(request);
}

test("the answer is 200 with all that is known, whoever is away", async () => {
  const response = await ask(principal("operator", ["ops:read"]));
  expect(response.status).toBe(200);
  const body = topologySchema.parse(await response.json());
  expect(body).toMatchObject({ ok: false, versions: ["1.2.3", "1.2.4"], checkedAt: "2023-11-14T22:13:20.000Z" });
  expect(body.modules.map(({ name }) => name)).toEqual(["order", "payment"]);
});

test("for operators with the scope alone", async () => {
  expect((await ask()).status).toBe(401);
  expect((await ask(principal("customer", ["*"]))).status).toBe(403);
  expect((await ask(principal("operator", ["payment:read"]))).status).toBe(403);
});
