import { expect, test } from "bun:test";
import { longestGapMs } from "./confirmations.ts";

test("the longest stretch without a confirmation, the edges of the window included", () => {
  expect(longestGapMs([10, 20, 50, 60], 15, 55)).toBe(30);
  expect(longestGapMs([10, 20, 30], 0, 100)).toBe(70);
  expect(longestGapMs([90], 0, 100)).toBe(90);
  expect(longestGapMs([], 5, 100)).toBe(95);
});
