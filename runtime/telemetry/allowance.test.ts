import { expect, test } from "bun:test";
import { createAllowance } from "./allowance.ts";

function bench(perSecond: number) {
  let seconds = 100;
  const allows = createAllowance(perSecond, { seconds: () => seconds });
  return {
    allowed: (times: number) => Array.from({ length: times }, allows).filter(Boolean).length,
    pass: (passed: number) => {
      seconds += passed;
    },
  };
}

test("so many are allowed at once, and as many again a second later, however long nobody asked", () => {
  const { allowed, pass } = bench(4);
  expect(allowed(100)).toBe(4);
  pass(0.5);
  expect(allowed(100)).toBe(2);
  pass(3600);
  expect(allowed(100)).toBe(4);
});

test("none at all may be", () => {
  const { allowed, pass } = bench(0);
  pass(10);
  expect(allowed(100)).toBe(0);
});
