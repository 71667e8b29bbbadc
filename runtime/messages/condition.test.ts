import { expect, test } from "bun:test";
import { DatabaseError } from "../database/port.ts";
import { createCondition } from "./condition.ts";

const FULL = new DatabaseError("unavailable", "53100", "could not extend file");

function watched() {
  const time = { ms: 0 };
  const told: (string | null)[] = [];
  const condition = createCondition({ now: () => time.ms }, (problem) => told.push(problem));
  return { time, condition, told, last: () => told.at(-1) };
}

test("a full disk is told though the lease is renewed, with what to do, until a commit goes through", () => {
  const { condition, last } = watched();
  condition.renewed(null);
  expect(last()).toBeNull();
  condition.committed(FULL);
  condition.committed(FULL);
  condition.renewed(null);
  expect(last()).toMatch(/disk of the database is full \(could not extend file\): make room/);
  condition.committed(null);
  expect(last()).toBeNull();
});

test("a failure that nobody tries to repeat is forgotten after a while, one that is tried again is not", () => {
  const { time, condition, last } = watched();
  condition.committed(FULL);
  time.ms = 4_000;
  condition.committed(FULL);
  time.ms = 8_999;
  condition.renewed(null);
  expect(last()).not.toBeNull();
  time.ms = 9_000;
  condition.renewed(null);
  expect(last()).toBeNull();
});

test("a renewal that fails is told until one goes well", () => {
  const { condition, last } = watched();
  condition.renewed(new Error("no answer"));
  expect(last()).toContain("no answer");
  condition.committed(null);
  expect(last()).toContain("no answer");
  condition.renewed(null);
  expect(last()).toBeNull();
});

test("a lone failure that the next attempt makes up for is not told; one that nothing follows is", () => {
  const deadlock = new DatabaseError("unavailable", "40P01", "deadlock detected");
  const { time, condition, told, last } = watched();
  for (let n = 0; n < 5; n++) {
    condition.committed(deadlock);
    time.ms += 400;
    condition.renewed(null);
    condition.committed(null);
    time.ms += 400;
  }
  expect(told.every((each) => each === null)).toBe(true);
  condition.committed(deadlock);
  condition.committed(deadlock);
  expect(last()).toContain("deadlock detected");
  condition.committed(null);
  expect(last()).toBeNull();
  condition.committed(deadlock);
  time.ms += 500;
  condition.renewed(null);
  expect(last()).toContain("deadlock detected");
});
