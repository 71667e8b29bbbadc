import { expect, test } from "bun:test";
import * as z from "zod";
import { ALWAYS_ACTIVE } from "./activity/port.ts";
import { openMemory } from "./cache/memory.ts";
import { type Database, DatabaseError } from "./database/port.ts";
import { sameDeadlines } from "./deadlines.fixture.ts";
import { createIds } from "./ids.ts";
import { DEFAULT_LANE_LIMITS } from "./messages/lane.ts";
import { DEFAULT_RETENTION } from "./messages/retention.ts";
import { type Tally, tally } from "./messages/tally.fixture.ts";
import { defineModule, type ModuleEnvironment } from "./module.ts";
import { createProcess } from "./process.ts";
import { seededRandom } from "./random.ts";
import { createBreakers } from "./rpc/circuit-breaker.ts";
import { answers, defineRpc, type RpcHandler } from "./rpc/port.ts";
import { createInProcessTransport } from "./transport/inprocess.ts";
import { virtualTime } from "./virtual-time.fixture.ts";

const count = defineRpc({ module: "shelf", name: "count", request: z.object({}), response: z.int() });
const fill = defineRpc({ ...count, name: "fill" });

/** A process with a `shelf` that answers, and a `buyer` that has declared to ask `count`. */
function processOf(...shelf: readonly RpcHandler[]) {
  const { clock, scheduler } = virtualTime();
  const random = seededRandom(1);
  const database: Database = {
    query: async () => [],
    lane: () => {
      throw new Error("no lane is needed here");
    },
    close: async () => undefined,
  };
  let buyer: ModuleEnvironment | undefined;
  const module = { routes: [], migrations: [] };
  const parts = { rpc: [], routes: () => undefined };
  const { rpc } = createProcess({
    modules: [
      defineModule({ ...module, name: "shelf", serves: shelf, build: () => ({ ...parts, rpc: shelf }) }),
      defineModule({
        ...module,
        name: "buyer",
        serves: [],
        asks: [count],
        build(environment) {
          buyer = environment;
          return parts;
        },
      }),
    ],
    clock,
    scheduler,
    ids: createIds(clock, random),
    transport: createInProcessTransport(),
    database: () => database,
    shared: openMemory({ clock, scheduler, mostEntries: 0 }),
    breakers: createBreakers({ clock, random, log: () => undefined }),
    log: () => undefined,
    deadlines: sameDeadlines(1),
    webhooks: () => ({ secrets: () => [], simulatedCopies: 0 }),
    exclusive: () => false,
    activity: ALWAYS_ACTIVE,
    condition: () => undefined,
    limits: DEFAULT_LANE_LIMITS,
    leaseMs: 1,
    renewMs: 1,
    pollMs: 1,
    callConcurrency: 1,
    retention: DEFAULT_RETENTION,
    streamLimit: 1,
    streamLimitPerCaller: 1,
  });
  if (!buyer) throw new Error("the buyer was not built");
  return { rpc, ofBuyer: buyer.rpc };
}

test("a module asks what it has declared, and nothing else", async () => {
  const { ofBuyer } = processOf(
    answers(count, async () => 7),
    answers(fill, async () => 8),
  );
  expect(await ofBuyer.call(count, {}, { timeoutMs: 100 })).toBe(7);
  await expect(ofBuyer.call(fill, {}, { timeoutMs: 100 })).rejects.toThrow(
    "buyer does not declare that it asks shelf.fill",
  );
});

test("a module of this process that cannot answer again and again is given a rest, as one of another would be", async () => {
  let asked = 0;
  const away = answers(count, () => {
    asked++;
    return Promise.reject(new DatabaseError("unavailable", "", "its database is away"));
  });
  const { rpc, ofBuyer } = processOf(away);
  for (const client of [rpc, ofBuyer, rpc, ofBuyer, rpc])
    await expect(client.call(count, {}, { timeoutMs: 100 })).rejects.toThrow("its database is away");
  await expect(ofBuyer.call(count, {}, { timeoutMs: 100 })).rejects.toThrow("it is tried again in");
  expect(asked).toBe(5);
});

test("a module that decides and declares no topic has no tables for that, and is refused with what to declare", () => {
  const definition = { aggregate: tally().aggregate };
  const module = defineModule<Tally, never, undefined, undefined>({
    name: "shelf",
    serves: [],
    routes: [],
    migrations: [],
    build: () => ({ messaging: { definition, ports: undefined }, routes: () => undefined }),
  });
  // Refused before it looks at anything of this.
  expect(() => module.prepare({} as ModuleEnvironment)).toThrow(
    "list in its declaration what it subscribes to or sends",
  );
});
