import { expect, test } from "bun:test";
import { type Grown, type GrowthRound, growthFigures, type MeasuredGrowth } from "./growth-figures.ts";

const measured = (completedPerSecond: number): MeasuredGrowth => ({
  completedPerSecond,
  appCpuMs: 0.3,
  databaseCpuMs: 0.2,
  load: { confirm: { p50Ms: 12 } },
});
const round = (stored: number, none: number): GrowthRound => ({ stored: measured(stored), none: measured(none) });
const grown: Grown = {
  orders: 10_000_000,
  allOrders: 10_100_000,
  rows: { outbox: 0, inbox: 0, timer: 0, callIntent: 0, deadLetter: 0, idempotency: 128_000 },
  sizes: [
    { name: "order.orders", bytes: 40.4e9 },
    { name: "order.history", bytes: 20.2e9 },
  ],
  loadSeconds: 1_000,
  loadRows: 200_000_000,
};
const values = (rounds: readonly GrowthRound[], change: Partial<Grown> = {}) =>
  Object.fromEntries(growthFigures(rounds, { ...grown, ...change }).map(({ name, value }) => [name, value]));

test("the ratio is taken within each round; its median, lowest and highest are told", () => {
  const rounds = [round(1_900, 2_000), round(900, 1_000), round(1_600, 2_000)];
  expect(values(rounds)).toMatchObject({
    "growth.at10M": 0.9,
    "growth.at10MLowest": 0.8,
    "growth.at10MHighest": 0.95,
    "growth.storedPerSecond": 1_600,
    "growth.nonePerSecond": 2_000,
    "growth.storedCpuMs": 0.5,
    "growth.noneConfirmMs": 12,
  });
  expect(growthFigures(rounds, grown)[0]).toMatchObject({ wanted: ">= 0.9", holds: true });
  expect(growthFigures([round(89, 100)], grown)[0]?.holds).toBe(false);
});

test.each<[number, string]>([
  [200_000, "growth.at200k"],
  [20_000_000, "growth.at20M"],
  [1_234, "growth.at1234"],
])("another number than ten million has its own name and no bound: %p", (orders, name) => {
  const [figure] = growthFigures([round(1, 2)], { ...grown, orders });
  expect(figure).toEqual({ name, value: 0.5, unit: "x" });
});

test("what must not grow with orders is judged, keys are told, sizes are told by table and by order", () => {
  const rows = { ...grown.rows, timer: 3 };
  const figures = growthFigures([round(1, 1)], { ...grown, rows });
  expect(figures.filter(({ holds }) => holds === false).map(({ name }) => name)).toEqual(["growth.timerRows"]);
  expect(values([round(1, 1)])).toMatchObject({
    "growth.idempotencyRows": 128_000,
    "growth.bytesPerOrder": 6_000,
    "growth.databaseMb": 60_600,
    "growth.tableMb.order.orders": 40_400,
    "growth.loadRowsPerSecond": 200_000,
  });
});
