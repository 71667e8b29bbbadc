/** The judge itself: an untouched platform is in order, and each planted damage is named. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Placed } from "../simulation/platform-shoppers.ts";
import { startBuyers } from "./buyers.ts";
import { judgeSettled, quickViolations } from "./judgement.ts";
import { type SingleArena, startSingleArena } from "./single-arena.ts";

setDefaultTimeout(60_000);

const ORDERS = 40;

let arena: SingleArena;
let placed: readonly Placed[];
let ids: string[];

beforeAll(async () => {
  arena = await startSingleArena();
  const buyers = await startBuyers({
    seed: 3,
    buyers: 8,
    pauseMs: 0,
    skus: arena.skus,
    urls: arena.urls,
    tokenFor: arena.tokenFor,
  });
  while (buyers.placed.length < ORDERS) await Bun.sleep(10);
  await buyers.stop();
  placed = buyers.placed;
  ids = placed.flatMap(({ acknowledged }) => [...acknowledged]);
  expect(buyers.complaints).toEqual([]);
});
afterAll(() => arena.remove());

/** What is found while the statements' effect is there; they are undone by `undo`. */
async function judgedWith(damage: string, undo: string) {
  return arena.withSql(async (sql) => {
    await sql.unsafe(damage);
    try {
      const quick = await quickViolations(sql, ids);
      const { violations } = await judgeSettled(sql, placed, 500);
      return { quick: quick.join("\n"), whole: violations.join("\n") };
    } finally {
      await sql.unsafe(undo);
    }
  });
}

test("an untouched platform is in order, before and after the damages", async () => {
  const judged = await arena.withSql((sql) => judgeSettled(sql, placed));
  expect(judged.violations).toEqual([]);
  expect(judged.orders).toBeGreaterThanOrEqual(ORDERS);
  expect(judged.outcomes["FULFILLING"]).toBeGreaterThan(0);
});

const SOLD = `(select id from "order".orders where status = 'FULFILLING' order by id limit 1)`;

test("a missing order is named", async () => {
  const { quick, whole } = await judgedWith(
    `create table kept as select * from "order".orders where id = ${SOLD}; delete from "order".orders where id = ${SOLD}`,
    `insert into "order".orders select * from kept; drop table kept`,
  );
  expect(quick).toContain("was acknowledged and does not exist");
  expect(whole).toContain("which does not exist");
});

test("a second charge in the provider's ledger is named", async () => {
  const { quick, whole } = await judgedWith(
    `insert into payment_simulator.charge (key, status, detail, amount, currency, at)
      select ${SOLD}::text || ':auth:planted', 'authorised', 'x', 1, 'USD', now()`,
    "delete from payment_simulator.charge where key like '%planted'",
  );
  expect(quick).toContain("was charged 2 times");
  expect(whole).toContain("2 effective charges");
});

test("stock that differs from its movements is named", async () => {
  const { quick, whole } = await judgedWith(
    `update inventory.stock set reserved = reserved + 1 where sku = 'BENCH-00001'`,
    `update inventory.stock set reserved = reserved - 1 where sku = 'BENCH-00001'`,
  );
  expect(quick).toContain("BENCH-00001");
  expect(whole).toContain("BENCH-00001");
});

test("a hole in a history and a lost shipment are named", async () => {
  const { whole } = await judgedWith(
    `create table kept as select * from "order".history where order_id = ${SOLD} and sequence = 2;
     delete from "order".history where order_id = ${SOLD} and sequence = 2;
     create table parcels as select * from delivery.shipment where order_id = ${SOLD};
     delete from delivery.shipment where order_id = ${SOLD}`,
    `insert into "order".history select * from kept; drop table kept;
     insert into delivery.shipment select * from parcels; drop table parcels`,
  );
  expect(whole).toContain("has holes");
  expect(whole).toMatch(/shipment|parcel/);
});

test("work that is never done is named", async () => {
  const { whole } = await judgedWith(
    `insert into "order".timer (shard, key, kind, due_at) values (0, ${SOLD}::text, 'planted', now() + interval '1 day')`,
    `delete from "order".timer where kind = 'planted'`,
  );
  expect(whole).toContain("left undone");
});

test("an order that nobody placed is named", async () => {
  const { violations } = await arena.withSql((sql) => judgeSettled(sql, placed.slice(1), 500));
  expect(violations.join("\n")).toContain("belongs to no idempotency key");
});
