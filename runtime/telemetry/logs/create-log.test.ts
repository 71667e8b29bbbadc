import { expect, test } from "bun:test";
import { inModule, type LogLevel } from "../../log.ts";
import { virtualTime } from "../../virtual-time.fixture.ts";
import { createLog, type LogSettings } from "./create-log.ts";
import { jsonLine } from "./line-format.ts";
import { REPEAT_LIMITS } from "./repeats.ts";

const { first, windowMs, kinds } = REPEAT_LIMITS;

function bench(given: Partial<LogSettings> = {}) {
  const time = virtualTime();
  const lines: string[] = [];
  const logging = createLog({ ...time, least: "info", render: jsonLine, write: (line) => lines.push(line), ...given });
  const told = () => lines.splice(0).map((line): Record<string, unknown> => JSON.parse(line));
  return { ...time, ...logging, time, told };
}

test("a line says when, how bad, what, who, and of which trace", () => {
  const { log, told } = bench({ about: { service: "order", instance: "i" }, runningTraceId: () => "running" });
  inModule(log, "order")("warn", "thing.happened", { orderId: "o", key: "k", count: 3 });
  log("error", "thing.broke", { traceId: "of the message", list: ["a", "b"] });
  const time = "2027-01-15T08:00:00.000Z";
  const who = { service: "order", instance: "i" };
  expect(told()).toEqual([
    {
      ...{ time, level: "warn", event: "thing.happened", ...who, module: "order", orderId: "o", key: "k" },
      ...{ traceId: "running", count: 3 },
    },
    { time, level: "error", event: "thing.broke", ...who, traceId: "of the message", list: ["a", "b"] },
  ]);
});

test("where there is no trace there is no field of one", () => {
  const { log, told } = bench();
  log("info", "thing.happened", { traceId: undefined });
  expect(Object.keys(told()[0] ?? {})).toEqual(["time", "level", "event"]);
});

test.each<[LogLevel, number]>([
  ["debug", 4],
  ["info", 3],
  ["warn", 2],
  ["error", 1],
])("from %s up %i of four levels are written", (least, count) => {
  const { log, told } = bench({ least });
  for (const level of ["debug", "info", "warn", "error"] as const) log(level, "thing.happened", {});
  expect(told()).toHaveLength(count);
});

test("lines that found no room are told of as soon as there is some", () => {
  let lost = 0;
  const { log, flush, told } = bench({
    takeLost() {
      const count = lost;
      lost = 0;
      return count;
    },
  });
  lost = 7;
  log("info", "thing.happened", {});
  expect(told()).toMatchObject([{ event: "log.lost", level: "warn", lines: 7 }, { event: "thing.happened" }]);
  lost = 2;
  flush();
  expect(told()).toMatchObject([{ event: "log.lost", lines: 2 }]);
});

test("of a flood the first lines are written, then one a window; no line is uncounted, and no timer is left", async () => {
  const { log, time, told } = bench();
  let logged = 0;
  for (let second = 0; second < 35; second++) {
    for (let n = 0; n < 1000; n++) {
      log("warn", "call.failed", { module: "payment", orderId: `o${logged}`, error: `Error: no answer in ${n} ms` });
      logged += 1;
    }
    expect(time.pending).toBe(second === 0 ? 1 : time.pending);
    await time.advance(1000);
  }
  await time.advance(windowMs);
  const lines = told();
  expect(lines.length).toBe(first + 4);
  const counted = lines.reduce((sum, { repeated = 1 }) => sum + Number(repeated), 0);
  expect(counted).toBe(logged);
  // The line that stands for others is the last of them, with all that it says.
  expect(lines.at(-1)).toMatchObject({ event: "call.failed", orderId: `o${logged - 1}`, module: "payment" });
  expect(time.pending).toBe(0);

  // After a quiet window it begins afresh.
  await time.advance(windowMs);
  log("warn", "call.failed", { module: "payment", error: "Error: no answer in 1 ms" });
  expect(told()).toHaveLength(1);
});

test("another event, module or kind of error is not held back with it; ids and numbers make no kind", () => {
  const { log, told } = bench();
  const flood = (event: string, module: string, error: string) => {
    for (let n = 0; n < first + 5; n++) log("warn", event, { module, error: `${error} ${crypto.randomUUID()} ${n}` });
    return told().length;
  };
  expect(flood("call.failed", "payment", "refused")).toBe(first);
  expect(flood("call.failed", "payment", "refused")).toBe(0);
  expect(flood("call.failed", "payment", "timed out")).toBe(first);
  expect(flood("call.failed", "delivery", "refused")).toBe(first);
  expect(flood("batch.rejected", "payment", "refused")).toBe(first);
});

test("errors that are all different are remembered up to a bound, and still none is uncounted", async () => {
  const { log, flush, told, time } = bench();
  const words = (n: number) => [...String(n)].map((digit) => "abcdefghij"[Number(digit)]).join("");
  for (let n = 0; n < 20_000; n++) log("error", "request.failed", { error: `Error: ${words(n)}` });
  expect(time.pending).toBe(1);
  flush();
  const lines = told();
  expect(lines.length).toBeLessThanOrEqual(kinds + first + 1);
  expect(lines.reduce((sum, { repeated = 1 }) => sum + Number(repeated), 0)).toBe(20_000);
  // Those that are over make room for others.
  await time.advance(windowMs + 1);
  for (let n = 20_000; n < 20_000 + kinds / 2; n++) log("error", "request.failed", { error: `Error: ${words(n)}` });
  expect(told()).toHaveLength(kinds / 2);
});

test("what is counted is told at the end, and whoever debugs is told everything", () => {
  const { log, flush, told, time } = bench({ least: "debug" });
  for (let n = 0; n < first + 3; n++) log("info", "thing.happened", {});
  flush();
  expect(told().at(-1)).toMatchObject({ repeated: 3 });
  expect(time.pending).toBe(0);
  for (let n = 0; n < 1000; n++) log("debug", "thing.seen", {});
  expect(told()).toHaveLength(1000);
});

test("a clock that is set back lengthens no window", async () => {
  let nowMs = 1_000_000_000;
  const { log, told } = bench({ clock: { now: () => nowMs } });
  for (let n = 0; n < first; n++) log("info", "thing.happened", {});
  nowMs -= 3_600_000;
  log("info", "thing.happened", {});
  expect(told()).toHaveLength(first + 1);
});
