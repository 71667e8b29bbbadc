/**
 * The whole platform as a workload: replicas of all modules over the same databases, and shoppers who place orders
 * through the real routes while everything fails.
 */

import { delivery } from "../../modules/delivery/index.ts";
import { inventory } from "../../modules/inventory/index.ts";
import { notification } from "../../modules/notification/index.ts";
import { order } from "../../modules/order/index.ts";
import { payment } from "../../modules/payment/index.ts";
import { pricing } from "../../modules/pricing/index.ts";
import { openMemory } from "../../runtime/cache/memory.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { roleOf } from "../../runtime/database/schema-state.ts";
import { sameDeadlines } from "../../runtime/deadlines.fixture.ts";
import { createEventStreams } from "../../runtime/http/event-streams.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Module, ModuleEnvironment } from "../../runtime/module.ts";
import { type Random, seededRandom } from "../../runtime/random.ts";
import { systemScheduler } from "../../runtime/scheduler.ts";
import type { Actor } from "./loop.ts";
import { createOutside, type OutsideSystem } from "./outside.ts";
import { createAuditor } from "./platform-auditor.ts";
import { createColours } from "./platform-colours.ts";
import { type Contents, createContentsReader } from "./platform-contents.ts";
import { deadlineViolations, tokenViolations } from "./platform-deadlines.ts";
import { createDesk } from "./platform-desk.ts";
import { holdups, unended } from "./platform-holdups.ts";
import {
  type Excused,
  isExcused,
  NOBODY,
  openWork,
  statusCounts,
  unevenPositions,
  violationsAtAnyTime,
  violationsIn,
} from "./platform-invariants.ts";
import { createLeases } from "./platform-leases.ts";
import { createLetterBook } from "./platform-letters.ts";
import { type PlatformNode, startNode, type Tempo } from "./platform-node.ts";
import { OPERATOR, operatorLocks } from "./platform-operator.ts";
import { paymentViolations } from "./platform-payments.ts";
import { drawPoison, type Poison } from "./platform-poison.ts";
import { readingOf } from "./platform-reading.ts";
import { type BrokersIn, drawShape } from "./platform-shape.ts";
import { createShoppers } from "./platform-shoppers.ts";
import { mailInWords, providerInWords, statementInWords } from "./platform-words.ts";
import { between, oneOf } from "./seed.ts";
import { idsIn } from "./story.ts";
import type { Scenario, Workload, World } from "./workload.ts";

const MODULES: readonly Module[] = [order, payment, inventory, pricing, delivery, notification];

const schemasOf = (module: Module) => [
  { name: module.name, migrations: module.migrations },
  ...module.sideSchemas.map(({ schema, migrations }) => ({ name: schema, migrations })),
];
const SCHEMAS = MODULES.flatMap(schemasOf);

/** Reading all tables costs as much as many steps: while there is visibly something to do it is done this seldom. */
const LOOK_EVERY_MS = 2000;

/** In the liveness phase something must have changed after so many polls, and after the longest way of a request outside. */
const STANDSTILL_POLLS = 60;
const LEAST_STANDSTILL_MS = 60_000;

/** The workload `platform`, with Kafka-like brokers in so many seeds. */
export const platformWorkload = (brokersIn: BrokersIn): Workload<PlatformNode> => ({
  name: "platform",
  modules: [
    ...SCHEMAS.map(({ name }) => ({ name, schema: name, role: roleOf(name) })),
    { name: OPERATOR, schema: "public", role: null },
  ],
  replicas: { least: 1, most: 3 },
  prepare,
  scenario: (world) => platformScenario(world, brokersIn),
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
      travelling: async () => [],
      earlier: async () => undefined,
      ...openMemory({ clock, scheduler: systemScheduler, mostEntries: 0 }),
      clock,
      scheduler: systemScheduler,
      ids,
      log: () => undefined,
      streams: createEventStreams({
        clock,
        scheduler: systemScheduler,
        log: () => undefined,
        limit: 0,
        limitPerCaller: 0,
      }),
      deadlines: sameDeadlines(0),
      webhooks: { secrets: () => [], simulatedCopies: 0 },
    };
    await module.seedDemo(environment);
    if (module.name === "inventory") await database.query({ text: SECOND_WAREHOUSE, params: [] });
    if (module.name === "pricing") {
      for (const text of [FREE_PRODUCT, FREE_WEIGHT, FREE_SHIPPING, SCARCE_COUPON, SCARCE_COUPON_USES])
        await database.query({ text, params: [] });
    }
    await database.close();
  }
}

/** An order may take from two warehouses. */
const SECOND_WAREHOUSE = `
  with put as (insert into stock (sku, warehouse, on_hand, reserved) values ('SKU-002', 'spare', 200, 0) returning sku)
  insert into movement (id, sku, warehouse, type, on_hand_delta, reserved_delta, at, order_id, reason)
    select '01900000-0000-7000-8000-000000000001', sku, 'spare', 'INITIAL', 200, 0, '2026-01-01Z', null, 'initial stock'
    from put`;

/** An order may cost nothing: this product, which has no weight, is sent for nothing. */
const FREE_PRODUCT = "update price set amount = 0 where sku = 'SKU-020'";
const FREE_WEIGHT = "update product set weight_grams = 0 where sku = 'SKU-020'";
const FREE_SHIPPING = `update shipping_rate
  set bands = '[{"upToGrams": 0, "amount": 0}, {"upToGrams": null, "amount": 700}]' where country = 'US'`;

/** Two orders may have it, and none of them twice for one customer. */
const SCARCE_COUPON = `insert into coupon (code, kind, value, total_limit, per_customer_limit)
  values ('LAST2', 'percentage', 20, 2, 1)`;
const SCARCE_COUPON_USES = "insert into coupon_uses (code, customer_id, uses, version) values ('LAST2', '', 0, 1)";

/** As in production: a lease is three renewals, a renewal some polls. */
const RENEW_POLLS = 2;
const LEASE_RENEWALS = 3;

/**
 * How long an order may take: plenty, hardly enough, or just as long as a payment that has to be asked for. Replicas find
 * what others have left them with a poll, and an order has several of those on its way.
 */
function drawPlacementMs(random: Random, pollMs: number, paymentAnswerMs: number): number {
  const plenty = pollMs * between(random, 25, 40);
  const tight = between(random, pollMs, 16 * pollMs);
  const contested = paymentAnswerMs + between(random, 0, 8 * pollMs);
  return oneOf(random, [plenty, plenty, tight, contested]);
}

function drawTempo(random: Random): Tempo {
  const pollMs = between(random, 400, 1200);
  const paymentAnswerMs = pollMs * between(random, 2, 8);
  return {
    pollMs,
    renewMs: RENEW_POLLS * pollMs,
    leaseMs: LEASE_RENEWALS * RENEW_POLLS * pollMs,
    batchLimit: oneOf(random, [1, 3, 200, 200]),
    commandQueueLimit: oneOf(random, [2, 100]),
    retainEveryMs: pollMs * between(random, 8, 24),
    deadlines: {
      ...sameDeadlines(pollMs * 40),
      placementMs: drawPlacementMs(random, pollMs, paymentAnswerMs),
      paymentAnswerMs,
      paymentRetryForMs: pollMs * between(random, 3, 12),
      // These end by themselves in many orders: long enough to be raced with, and no seed waits long for them.
      customerActionMs: pollMs * between(random, 4, 16),
      returnWindowMs: pollMs * between(random, 4, 16),
      shipmentMs: pollMs * between(random, 10, 40),
      compensationMs: pollMs * between(random, 3, 40),
      // Each parcel moves, and no seed waits long for it.
      carrierStepMs: 2 * pollMs,
      couponHoldMs: 8 * pollMs,
      couponOrphanMs: 16 * pollMs,
      // Hardly longer than an order needs to its capture, now and then.
      authorisationMs: pollMs * oneOf(random, [40, 40, 40, between(random, 6, 30)]),
    },
  };
}

/**
 * The longest waits of the platform that may still be ahead when the last fault is over, one after the other: a frozen
 * replica sleeps on, its shards change hands, an order's deadline passes, a provider that was down is asked again after
 * the longest pause, a mail after its third failure, and a sweep that is due only now and then finds the last rows.
 */
const BOUND_MS = 4 * 60_000;
/** What `notification` allows a mail server. */
const MAIL_ANSWER_MS = 30_000;

const outsideSystems = (tempo: Tempo): readonly OutsideSystem[] => [
  {
    name: "payment_simulator",
    outage: "paymentOutage",
    slow: "slowPayment",
    giveUpMs: tempo.deadlines.paymentAnswerMs,
    inWords: providerInWords,
  },
  { name: "notification_mailbox", outage: "mailOutage", slow: null, giveUpMs: MAIL_ANSWER_MS, inWords: mailInWords },
];

function platformScenario(world: World<PlatformNode>, brokersIn: BrokersIn): Scenario<PlatformNode> {
  const { loop, trace } = world;
  const tempo = drawTempo(world.random("tempo"));
  trace.line(JSON.stringify(tempo));
  const shape = drawShape(world, MODULES, brokersIn);
  const colours = createColours(world, tempo.pollMs);
  const shoppers = createShoppers(world, tempo.deadlines);
  const poison = drawPoison(world, tempo.leaseMs);
  const desk = poison === null ? undefined : createDesk(world, poison);
  const letterBook = poison === null ? undefined : createLetterBook(world);
  const excused = poison === null ? NOBODY : excusedBy(poison, desk?.discarded ?? new Set());
  const auditor = createAuditor(world, excused.discarded);
  const leases = createLeases(world, tempo.leaseMs);
  const tables = createContentsReader(world.inspect);
  const outsides = new Map(outsideSystems(tempo).map((system) => [system.name, createOutside(world, system)]));
  const nodes = new Map<number, { readonly actor: Actor; readonly node: PlatformNode }>();
  const mayPark = (key: string) => poison?.mayPark(key) === true;
  let lookedMs = 0;
  let last = { fingerprint: "", atMs: 0 };
  let latest: Contents | undefined;
  let stuck: readonly string[] = [];

  /** Nothing has changed for so long that nothing will. */
  function standsStill(contents: Contents, work: string): boolean {
    const fingerprint = JSON.stringify([contents.orders, contents.consumers, contents.timers, work]);
    const now = loop.now();
    const waits = contents.timers.some(({ dueMs }) => dueMs > last.atMs);
    if (fingerprint !== last.fingerprint || waits) last = { fingerprint, atMs: now };
    return now - last.atMs > Math.max(LEAST_STANDSTILL_MS, STANDSTILL_POLLS * tempo.pollMs);
  }

  /** Reads all tables, and notes at once what no moment may show. */
  async function look(): Promise<Contents> {
    lookedMs = loop.now();
    latest = await tables.read();
    const found = [
      ...violationsAtAnyTime(latest, shoppers.placed),
      ...deadlineViolations(latest, tempo.deadlines, excused, mayPark),
      ...paymentViolations(latest, tempo.deadlines, excused),
    ];
    for (const text of found) world.violation(text);
    return latest;
  }

  /** What the brokers carry stands in no outbox any more. */
  const carried = (contents: Contents) =>
    shape.between === null ? null : (unevenPositions(contents)[0] ?? shape.between.brokers.uncommitted());

  /** What is left of orders that must have ended. */
  function leftOf(contents: Contents): string[] {
    const rests = isExcused(contents, excused);
    return holdups(
      contents,
      unended(contents).filter((id) => !rests(id)),
      leases,
    );
  }

  return {
    boundMs: BOUND_MS,
    leaseMs: tempo.leaseMs,
    operatorLocks,
    async start(context) {
      nodes.delete(context.index);
      const modules = poison === null ? MODULES : MODULES.map((module) => poison.changed(module, context));
      const node = await startNode(world, context, shape, modules, tempo, outsides, colours, mayPark);
      nodes.set(context.index, { actor: context.actor, node });
      return node;
    },
    stop(node, { index }) {
      shoppers.crowd(index);
      return node.stop();
    },
    async drive() {
      auditor.begin();
      desk?.begin();
      await shoppers.drive();
    },
    onCalm() {
      colours.onCalm();
      shoppers.comeLate();
    },
    audit: auditor.lastWord,
    onWake: leases.onWake,
    onAnswered(owner, module, statement, outcome) {
      tables.onAnswered(statement, outcome);
      leases.onAnswered(owner, module, statement, outcome);
      letterBook?.onAnswered(module, statement, outcome);
      poison?.onAnswered(owner, statement, outcome);
      trace.tell(() => {
        const words = statementInWords(module, statement, outcome);
        const name = owner === world.outside ? module : `${owner.name} (${module})`;
        return words === null ? null : { ...words, about: idsIn([statement]), text: `${name} ${words.text}` };
      });
    },
    async settled() {
      const onTheWay = [...outsides.values()].some((outside) => outside.travelling() > 0);
      if (shoppers.isOpen()) return false;
      const isBusy = onTheWay || [...nodes.values()].some(({ actor, node }) => actor.alive && !node.isIdle());
      if (isBusy && loop.now() < lookedMs + LOOK_EVERY_MS) return false;
      const contents = await look();
      if (desk === undefined && contents.deadLetters.length > 0) return true;
      const work = openWork(contents, excused) ?? carried(contents);
      if (work === null && !isBusy && desk?.isDone(contents.deadLetters) !== false) {
        desk?.close();
        return true;
      }
      if (!standsStill(contents, `${work} ${isBusy}`)) return false;
      stuck = [
        `nothing changes any more, with ${work ?? (onTheWay ? "a call on its way" : "something queued in a node")}`,
        ...leftOf(contents),
      ];
      return true;
    },
    async check() {
      const contents = await look();
      const held = stuck.length > 0 ? [] : leftOf(contents);
      const isCalm = world.faults.profile.calm && poison === null;
      const ofTokens = isCalm ? tokenViolations(contents, tempo.deadlines) : [];
      return [...stuck, ...violationsIn(contents, shoppers.placed, excused), ...ofTokens, ...held];
    },
    outcomes: async () => statusCounts(latest ?? (await tables.read())),
    reading: async (violations) => readingOf(await tables.read(), shoppers.keys, violations, leases),
  };
}

/** The timer of an order that has moved on meanwhile throws, whether it is mended or not. */
const DEADLINE = "timer:placement-deadline";

const excusedBy = (poison: Poison, discarded: ReadonlySet<string>): Excused => ({
  discarded,
  mayStand: (letter) =>
    discarded.has(letter.key) ||
    poison.isNeverMended(letter) ||
    (letter.source === DEADLINE && poison.mayPark(letter.key)),
});
