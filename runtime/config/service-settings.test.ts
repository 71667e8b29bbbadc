import { expect, test } from "bun:test";
import { accountTable, serviceSettings } from "./service-settings.ts";

test("accounts of pods that run several modules are given as a table", () => {
  const table = accountTable.parse("front=order+payment+edge, back-1=delivery");
  expect([...(table ?? [])]).toEqual([
    ["front", ["order", "payment", "edge"]],
    ["back-1", ["delivery"]],
  ]);
  for (const text of ["", "front", "front=", "=order", "front=order,front=edge", "front=order+", "front=Order"])
    expect(accountTable.parse(text)).toBeNull();
});

test("what ends the names of hosts that lead to each process is a part of a name", () => {
  const { parser } = serviceSettings.replicasHostSuffix;
  expect(parser.parse("-pods")).toBe("-pods");
  for (const text of ["", "-", ".pods", "-Pods", "pods:8081"]) expect(parser.parse(text)).toBeNull();
});
