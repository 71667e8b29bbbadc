import { expect, test } from "bun:test";
import { type Random, seededRandom } from "../random.ts";
import { createBreakers } from "./circuit-breaker.ts";
import { RpcUnavailable } from "./port.ts";

function bench(random: Random = seededRandom(1)) {
  let nowMs = 0;
  const events: string[] = [];
  const breaker = createBreakers({
    clock: { now: () => nowMs },
    random,
    log: (_level, event, { callee }) => events.push(`${event} ${callee}`),
  });
  const refusal = () => {
    try {
      breaker("pricing").admit();
    } catch (error) {
      if (error instanceof RpcUnavailable) return error.message;
      throw error;
    }
    return undefined;
  };
  return {
    breaker,
    events,
    refusal,
    pass: (ms: number) => {
      nowMs += ms;
    },
    fail: (times: number) => {
      for (let n = 0; n < times; n++) breaker("pricing").admit().unanswered("it is away");
    },
  };
}

test("five calls in a row without an answer open it; it says why, and when the callee is tried again", () => {
  const { breaker, fail, refusal, events } = bench();
  fail(4);
  breaker("pricing").admit().answered();
  fail(4);
  expect(breaker("pricing").open).toBe(false);
  expect(events).toEqual([]);
  fail(1);
  expect(refusal()).toMatch(/^pricing does not answer \(it is away\); it is tried again in \d+ ms$/);
  expect(events).toEqual(["rpc.away pricing"]);
});

test("each callee has its own", () => {
  const { breaker, fail } = bench();
  fail(5);
  expect(breaker("pricing").open).toBe(true);
  expect(() => breaker("payment").admit()).not.toThrow();
});

test("when its pause is over one call is let through; an answer closes it", () => {
  const { breaker, fail, refusal, pass, events } = bench();
  fail(5);
  pass(500);
  const probe = breaker("pricing").admit();
  expect(refusal()).toContain("does not answer");
  probe.answered();
  expect(refusal()).toBeUndefined();
  fail(4);
  expect(breaker("pricing").open).toBe(false);
  expect(events).toEqual(["rpc.away pricing", "rpc.back pricing"]);
});

test("a probe that is not answered begins a longer pause, at most two seconds", () => {
  const { breaker, fail, refusal, pass } = bench();
  fail(5);
  pass(500);
  for (let probes = 0; probes < 8; probes++) {
    breaker("pricing").admit().unanswered("it is still away");
    expect(refusal()).toContain("it is still away");
    pass(2000);
  }
  breaker("pricing").admit().unanswered("it is still away");
  pass(990);
  // The shortest of the longest pauses is half of two seconds.
  expect(refusal()).toContain("it is still away");
});

test("a probe of which nothing is heard holds up nobody", () => {
  const { breaker, fail, pass, refusal } = bench();
  fail(5);
  pass(500);
  breaker("pricing").admit();
  pass(1000);
  expect(refusal()).toBeUndefined();
});

test("a clock that is set back keeps nobody waiting for the time that it lost", () => {
  const { breaker, fail, pass, refusal } = bench();
  fail(5);
  pass(-3_600_000);
  const probe = breaker("pricing").admit();
  expect(refusal()).toContain("does not answer");
  probe.answered();
  expect(refusal()).toBeUndefined();
});

test("calls that were under way when it opened do not lengthen the pause, and their answer closes it", () => {
  const { breaker, pass, refusal } = bench();
  const underWay = Array.from({ length: 60 }, () => breaker("pricing").admit());
  const [first, ...others] = underWay;
  for (const call of others) call.unanswered("it is away");
  expect(breaker("pricing").open).toBe(true);
  pass(500);
  expect(refusal()).toBeUndefined();
  first?.answered();
  expect(breaker("pricing").open).toBe(false);
});

test("while all goes well it draws no chance", () => {
  const forbidden: Random = {
    uint32() {
      throw new Error("chance was drawn");
    },
  };
  const { breaker, fail } = bench(forbidden);
  fail(4);
  breaker("pricing").admit().answered();
  expect(() => fail(5)).toThrow("chance was drawn");
});
