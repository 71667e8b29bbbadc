/** The collector's declarations and the platform's metrics are one list: neither names what the other does not have. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { RUNTIME_METRICS } from "../../runtime/telemetry/metrics/catalogue.ts";
import { parseConfiguration } from "./core-configuration.ts";
import { declaredIn } from "./declared-metrics.ts";

const text = await Bun.file(join(import.meta.dir, "../../k8s/adot-collector/collector.yaml")).text();
const declared = declaredIn(parseConfiguration(text));
const metrics = [...RUNTIME_METRICS, ...registry.flatMap((module) => module.metrics ?? [])];

/** What every process says of itself, and CloudWatch may tell metrics apart by. */
const OF_RESOURCE = ["service.name"];

test("each metric of the platform becomes one in CloudWatch", () => {
  expect(metrics.length).toBeGreaterThan(15);
  expect(metrics.filter(({ name }) => !declared.isDeclared(name)).map(({ name }) => name)).toEqual([]);
});

test("each selector selects a metric that the platform has", () => {
  const idle = declared.selectors.filter((selector) => !metrics.some(({ name }) => selector.test(name)));
  expect(idle.map(String)).toEqual([]);
});

test("each dimension is a label that the metric has", () => {
  const faults = metrics.flatMap(({ name, labels }) => {
    const known = [...Object.keys(labels), ...OF_RESOURCE];
    return declared
      .dimensionsOf(name)
      .flatMap((set) => set.filter((label) => !known.includes(label)).map((label) => `${name}: ${label}`));
  });
  expect(faults).toEqual([]);
});

test("each unit is one that CloudWatch knows, or is replaced by one", () => {
  expect(
    metrics.filter(({ name, unit }) => !declared.isUnitKnown(name, unit)).map(({ name, unit }) => `${name} ${unit}`),
  ).toEqual([]);
});
