/**
 * Replicas of `pricing` over one scratch PostgreSQL, beside an `order` that knows what a test tells it. Time is the
 * machine's, moved ahead where a test says so: several replicas then take each other for dead, and may ask twice.
 */
import { afterAll, afterEach, beforeAll, setDefaultTimeout } from "bun:test";
import { ALWAYS_ACTIVE } from "../../runtime/activity/port.ts";
import { createMemoryHints, openMemory } from "../../runtime/cache/memory.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { EmbeddedServer } from "../../runtime/database/embedded.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import type { Database, Parameter } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { sameDeadlines } from "../../runtime/deadlines.fixture.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Envelope } from "../../runtime/messages/envelope.ts";
import { DEFAULT_LANE_LIMITS } from "../../runtime/messages/lane.ts";
import { DEFAULT_RETENTION } from "../../runtime/messages/retention.ts";
import { defineModule } from "../../runtime/module.ts";
import { createProcess } from "../../runtime/process.ts";
import { systemRandom } from "../../runtime/random.ts";
import { answers, RpcUnavailable } from "../../runtime/rpc/port.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { createInProcessTransport } from "../../runtime/transport/inprocess.ts";
import { orderKnown } from "../order/contract.ts";
import { holdCoupon, pricingCommands, pricingEvents } from "./contract.ts";
import type { Coupon } from "./coupon.ts";
import { addNewCoupons } from "./coupon-store.ts";
import { pricing } from "./index.ts";
import { addNewRates } from "./rate-store.ts";
import { addNewProducts } from "./store.ts";

export const ORPHAN_AFTER_MS = 600_000;

export const ids = createIds(systemClock, systemRandom());

export interface Replica {
  /** Holds a coupon for a basket of one `TEA` in USD; what is left out is new. */
  hold(couponCode: string, given?: Partial<HoldGiven>): Promise<HoldAnswer>;
  /** Delivers the next command for an order; resolves when it is handled, skipped or parked. */
  command(type: keyof typeof pricingCommands, orderId: string, sequence: number): Promise<unknown>;
  /** Names of the events that it has published for an order. */
  events(orderId: string): string[];
}

interface HoldGiven {
  readonly customerId: string;
  readonly holdKey: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly currency: string;
}

type HoldAnswer = (typeof holdCoupon)["response"]["_output"];

export interface PricingBench {
  readonly database: Database;
  /** Orders that `order` knows. */
  readonly known: Set<string>;
  /** Questions that `order` leaves without an answer from now on. */
  unanswered: number;
  /** How often `order` was asked about an order. */
  asked(orderId: string): number;
  /** Runs before each answer of `order`. */
  beforeAnswer: (orderId: string) => Promise<void>;
  replica(): Promise<Replica>;
  add(...coupons: readonly Coupon[]): Promise<void>;
  passTime(byMs: number): void;
  /** Uses of a coupon: of all, or of one customer. */
  uses(code: string, customerId?: string): Promise<number>;
  /** The hold of an order as it is stored. */
  status(orderId: string): Promise<string | undefined>;
  count(table: string): Promise<number>;
}

/** The bench of a test file: opened before its first test, emptied after each, closed after the last. */
export function pricingBench(): PricingBench {
  setDefaultTimeout(30_000);
  // Filled before the first test looks at it.
  const bench = {} as PricingBench;
  const opened = openBench(bench);
  beforeAll(opened.open);
  afterEach(opened.reset);
  afterAll(opened.close);
  return bench;
}

const TABLES = [
  "outbox",
  "timer",
  "call_intent",
  "idempotency",
  "inbox_mark",
  "dead_letter",
  "replica",
  "idle_replica",
];

function openBench(bench: PricingBench) {
  let server: EmbeddedServer;
  let aheadMs = 0;
  const clock = { now: () => systemClock.now() + aheadMs };
  const hints = createMemoryHints(scheduler);
  const ended: (() => Promise<void>)[] = [];
  const questions: string[] = [];
  const rows = (text: string, ...params: Parameter[]) => bench.database.query({ text, params });
  const open = () => openDatabase({ url: server.url, schema: "pricing", role: "pricing_app", scheduler });
  const numberOf = async (text: string, ...params: Parameter[]) => Number((await rows(text, ...params))[0]?.["n"] ?? 0);

  const order = defineModule({
    name: "order",
    serves: [orderKnown],
    routes: [],
    migrations: [],
    build: () => ({
      rpc: [
        answers(orderKnown, async ({ orderId }) => {
          questions.push(orderId);
          await bench.beforeAnswer(orderId);
          if (bench.unanswered > 0) {
            bench.unanswered--;
            throw new RpcUnavailable("order is away");
          }
          return { known: bench.known.has(orderId) };
        }),
      ],
      routes: () => undefined,
    }),
  });

  async function replica(): Promise<Replica> {
    const transport = createInProcessTransport();
    const published: Envelope[] = [];
    transport.subscribe({
      consumer: "listener",
      topics: [pricingEvents.CouponUsed.topic],
      deliver: async (envelope) => void published.push(envelope),
      waiting: () => 0,
      reject: async () => undefined,
    });
    const process = createProcess({
      modules: [pricing, order],
      clock,
      scheduler,
      ids,
      transport,
      database: open,
      shared: { ...openMemory({ clock, scheduler, mostEntries: 0 }), hints: hints.join() },
      log: () => undefined,
      deadlines: { ...sameDeadlines(1), couponOrphanMs: ORPHAN_AFTER_MS },
      webhooks: () => ({ secrets: () => [], simulatedCopies: 0 }),
      exclusive: () => false,
      activity: ALWAYS_ACTIVE,
      condition: () => undefined,
      limits: { ...DEFAULT_LANE_LIMITS, retryMs: 20, backgroundDelayMs: 5, ackDelayMs: 5 },
      leaseMs: 300,
      renewMs: 60,
      pollMs: 20,
      callConcurrency: 8,
      retention: DEFAULT_RETENTION,
      streamLimit: 1,
      streamLimitPerCaller: 1,
    });
    ended.push(process.stop);
    await process.start();
    return {
      hold: (couponCode, given = {}) =>
        process.rpc.call(
          holdCoupon,
          {
            currency: given.currency ?? "USD",
            country: "US",
            items: [{ sku: "TEA", quantity: given.quantity ?? 1 }],
            couponCode,
            customerId: given.customerId ?? "alice",
            holdKey: given.holdKey ?? ids.next(),
            orderId: given.orderId ?? ids.next(),
          },
          { timeoutMs: 10_000 },
        ),
      command: (type, key, sequence) =>
        transport.publish({
          topic: pricingCommands[type].topic,
          key,
          sequence,
          type,
          producer: "order",
          timeMs: 0,
          causationId: "test",
          correlationId: "test",
          data: "{}",
        }),
      events: (orderId) => published.filter(({ key }) => key === orderId).map(({ type }) => type),
    };
  }

  return {
    async open() {
      server = await startScratchServer();
      await migrate({ url: server.url, modules: [pricing], log: () => undefined, scheduler });
      Object.assign(bench, {
        database: open(),
        known: new Set<string>(),
        unanswered: 0,
        beforeAnswer: async () => undefined,
        asked: (orderId) => questions.filter((each) => each === orderId).length,
        replica,
        add: (...coupons) => addNewCoupons(bench.database, coupons),
        passTime(byMs) {
          aheadMs += byMs;
        },
        uses: (code, customerId = "") =>
          numberOf("select uses as n from coupon_uses where code = $1 and customer_id = $2", code, customerId),
        status: async (orderId) => {
          const [row] = await rows("select status from coupon_hold where order_id = $1::uuid", orderId);
          return row && String(row["status"]);
        },
        count: (table) => numberOf(`select count(*) as n from ${table}`),
      } satisfies PricingBench);
      await addNewRates(
        bench.database,
        [{ country: "US", inclusive: false, rates: { standard: 0, reduced: 0, zero: 0 } }],
        [{ country: "US", currency: "USD", bands: [{ upToGrams: null, amount: 0 }] }],
      );
      const prices = [{ amount: 1_000, currency: "USD" }];
      await addNewProducts(bench.database, [{ sku: "TEA", name: "Tea", prices, taxClass: "zero", weightGrams: 1 }]);
    },
    async reset() {
      await Promise.all(ended.splice(0).map((stop) => stop()));
      for (const table of [...TABLES, "coupon", "coupon_uses", "coupon_hold"]) await rows(`delete from ${table}`);
      await rows("update shard set holder = null");
      bench.known.clear();
      bench.unanswered = 0;
      bench.beforeAnswer = async () => undefined;
    },
    async close() {
      await bench.database?.close();
      await server?.stop();
    },
  };
}
