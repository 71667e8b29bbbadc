import { expect, test } from "bun:test";
import { createRetryBudget } from "./retry-budget.ts";

const spendAll = (budget: ReturnType<typeof createRetryBudget>) => {
  let spent = 0;
  while (budget.spend()) spent++;
  return spent;
};

test("begins with its reserve, and calls earn more, one for so many", () => {
  const budget = createRetryBudget({ callsForOne: 10, reserve: 3 });
  expect(spendAll(budget)).toBe(3);
  for (let calls = 0; calls < 9; calls++) budget.earn();
  expect(spendAll(budget)).toBe(0);
  budget.earn();
  expect(spendAll(budget)).toBe(1);
});

test("never saves more than its reserve", () => {
  const budget = createRetryBudget({ callsForOne: 10, reserve: 3 });
  for (let calls = 0; calls < 1000; calls++) budget.earn();
  expect(spendAll(budget)).toBe(3);
});
