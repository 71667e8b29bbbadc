import { expect, test } from "bun:test";
import { accountTable } from "./service-settings.ts";

test("accounts of pods that run several modules are given as a table", () => {
  const table = accountTable.parse("front=order+payment+edge, back-1=delivery");
  expect([...(table ?? [])]).toEqual([
    ["front", ["order", "payment", "edge"]],
    ["back-1", ["delivery"]],
  ]);
  for (const text of ["", "front", "front=", "=order", "front=order,front=edge", "front=order+", "front=Order"])
    expect(accountTable.parse(text)).toBeNull();
});
