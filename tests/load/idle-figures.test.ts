import { expect, test } from "bun:test";
import { type IdleWindow, idleFigures, percentOf } from "./idle-figures.ts";

const window = (elapsedMs: number, order: number, payment: number): IdleWindow => ({
  elapsedMs,
  cpuMs: { order, payment, broker: 400 },
});

test("CPU is told in percent of a core, the median of the windows", () => {
  const windows = [window(10_000, 50, 80), window(20_000, 120, 160), window(10_000, 500, 80)];
  expect(percentOf(windows, "order")).toBeCloseTo(0.6, 10);
  expect(percentOf(windows, "payment")).toBeCloseTo(0.8, 10);
});

test("the busiest process is judged, whichever it is; servers have no bound", () => {
  const figures = idleFigures([window(10_000, 60, 140)], ["order", "payment"], ["broker"]);
  expect(figures).toEqual([
    { name: "idle.splitCpuPercent", value: 1.4, unit: "% of a core", wanted: "<= 1", holds: false },
    { name: "idle.splitCpuPercentMean", value: 1, unit: "% of a core" },
    { name: "idle.orderCpuPercent", value: 0.6, unit: "% of a core" },
    { name: "idle.paymentCpuPercent", value: 1.4, unit: "% of a core" },
    { name: "idle.brokerCpuPercent", value: 4, unit: "% of a core" },
  ]);
});

test("a process that was not measured holds no bound", () => {
  expect(idleFigures([window(10_000, 60, 60)], ["order", "absent"], [])[0]).toMatchObject({
    value: Number.NaN,
    holds: false,
  });
});
