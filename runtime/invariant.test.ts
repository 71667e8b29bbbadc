import { expect, test } from "bun:test";
import { InvariantBroken, invariant } from "./invariant.ts";

test("an invariant that holds builds no message; a broken one throws it", () => {
  let built = 0;
  const message = () => `message ${++built}`;
  invariant(true, message);
  expect(built).toBe(0);
  expect(() => invariant(false, message)).toThrow("invariant broken: message 1");
  expect(() => invariant(false, message)).toThrow(InvariantBroken);
});
