/**
 * The whole platform as a workload: two replicas of all modules over the same databases, and shoppers who place orders
 * through the real routes while everything fails.
 */
import { delivery } from "../../modules/delivery/index.ts";
import { inventory } from "../../modules/inventory/index.ts";
import { notification } from "../../modules/notification/index.ts";
import { order } from "../../modules/order/index.ts";
import { payment } from "../../modules/payment/index.ts";
import { pricing } from "../../modules/pricing/index.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { roleOf } from "../../runtime/database/schema-state.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Module, ModuleEnvironment } from "../../runtime/module.ts";
import { type Random, seededRandom } from "../../runtime/random.ts";
import { systemScheduler } from "../../runtime/scheduler.ts";
import { type Contents, readContents } from "./platform-contents.ts";
import { openWork, statusCounts, violationsIn } from "./platform-invariants.ts";
import { type PlatformNode, startNode, type Tempo } from "./platform-node.ts";
import { createShoppers } from "./platform-shoppers.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { Scenario, Workload, World } from "./workload.ts";

const MODULES: readonly Module[] = [order, payment, inventory, pricing, delivery, notification];

const schemasOf = (module: Module) => [
  { name: module.name, migrations: module.migrations },
  ...module.sideSchemas.map(({ schema, migrations }) => ({ name: schema, migrations })),
];
const SCHEMAS = MODULES.flatMap(schemasOf);

/** In the liveness phase something must have changed after so many polls. */
const STANDSTILL_POLLS = 150;

/** The workload `platform`. */
export const platformWorkload = (): Workload<PlatformNode> => ({
  name: "platform",
  modules: SCHEMAS.map(({ name }) => ({ name, schema: name, role: roleOf(name) })),
  replicas: 2,
  prepare,
  scenario: platformScenario,
});

async function prepare(url: string): Promise<void> {
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const ids = createIds(clock, seededRandom(1));
  await migrate({ url, modules: SCHEMAS, log: () => undefined, scheduler: systemScheduler });
  for (const module of MODULES) {
    const open = (schema: string) =>
      openDatabase({ url, schema, role: roleOf(schema), scheduler: systemScheduler, poolSize: 1 });
    const database = open(module.name);
    const environment: ModuleEnvironment = {
      database,
      sideDatabase: open,
      rpc: { call: () => Promise.reject(new Error("demo data asks nobody")) },
      clock,
      scheduler: systemScheduler,
      ids,
      log: () => undefined,
      deadlines: { placementMs: 0, paymentAnswerMs: 0, paymentRetryForMs: 0 },
    };
    await module.seedDemo(environment);
    if (module.name === "inventory") await database.query({ text: SECOND_WAREHOUSE, params: [] });
    if (module.name === "pricing") await database.query({ text: FREE_PRODUCT, params: [] });
    await database.close();
  }
}

/** An order may take from two warehouses. */
const SECOND_WAREHOUSE = `
  with put as (insert into stock (sku, warehouse, on_hand, reserved) values ('SKU-002', 'spare', 200, 0) returning sku)
  insert into movement (id, sku, warehouse, type, on_hand_delta, reserved_delta, at, order_id, reason)
    select '01900000-0000-7000-8000-000000000001', sku, 'spare', 'INITIAL', 200, 0, '2026-01-01Z', null, 'initial stock'
    from put`;

/** An order may cost nothing. */
const FREE_PRODUCT = "update price set amount = 0 where sku = 'SKU-020'";

function drawTempo(random: Random): Tempo {
  const pollMs = between(random, 250, 700);
  const isTight = chance(random, 0.4);
  return {
    pollMs,
    batchLimit: oneOf(random, [1, 3, 200]),
    commandQueueLimit: oneOf(random, [2, 100]),
    placementMs: pollMs * (isTight ? between(random, 2, 25) : between(random, 40, 60)),
    paymentAnswerMs: pollMs * between(random, 3, 12),
    paymentRetryForMs: pollMs * between(random, 5, 20),
  };
}

function platformScenario(world: World<PlatformNode>): Scenario<PlatformNode> {
  const tempo = drawTempo(world.random("tempo"));
  world.trace.line(JSON.stringify(tempo));
  const shoppers = createShoppers(world);
  const nodes = new Map<number, { readonly generation: number; readonly node: PlatformNode }>();
  const lives = new Map<number, { alive: boolean }>();
  let last = { fingerprint: "", atMs: 0 };
  let latest: Contents | undefined;
  let stuck: string | null = null;

  /** Nothing has changed for so long that nothing will. */
  function standsStill(contents: Contents, work: string): boolean {
    const fingerprint = JSON.stringify([contents.orders, contents.consumers, contents.timers, work]);
    const now = world.loop.now();
    const waits = contents.timers.some(({ dueMs }) => dueMs > last.atMs);
    if (fingerprint !== last.fingerprint || waits) last = { fingerprint, atMs: now };
    return now - last.atMs > STANDSTILL_POLLS * tempo.pollMs;
  }

  return {
    async start(context) {
      lives.set(context.index, context.actor);
      nodes.delete(context.index);
      const node = await startNode(world, context, MODULES, tempo);
      nodes.set(context.index, { generation: context.generation, node });
      return node;
    },
    drive: shoppers.drive,
    async settled() {
      const contents = await readContents(world.inspect);
      latest = contents;
      if (contents.deadLetters.length > 0) return true;
      const work = openWork(contents);
      const busy = [...nodes].some(([index, { node }]) => lives.get(index)?.alive === true && !node.isIdle());
      if (work === null && !busy) return true;
      if (!standsStill(contents, `${work} ${busy}`)) return false;
      stuck = `stands still with ${work ?? "something queued in a node"}`;
      return true;
    },
    async check() {
      latest = await readContents(world.inspect);
      return [...(stuck === null ? [] : [stuck]), ...violationsIn(latest, shoppers.placed)];
    },
    outcomes: async () => statusCounts(latest ?? (await readContents(world.inspect))),
  };
}
