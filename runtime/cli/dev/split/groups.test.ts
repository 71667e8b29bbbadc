import { expect, test } from "bun:test";
import { UsageError } from "../../arguments.ts";
import { groupsOf } from "./groups.ts";

const MODULES = ["order", "payment", "pricing"];
const named = (given: readonly string[]) => groupsOf(given, MODULES).map(({ name }) => name);

test("each module has a process of its own unless it is given a group", () => {
  expect(named([])).toEqual(MODULES);
  expect(named(["pricing, order"])).toEqual(["pricing,order", "payment"]);
  expect(named(["payment", "pricing,order"])).toEqual(["payment", "pricing,order"]);
  expect(groupsOf(["pricing, order"], MODULES)[0]?.modules).toEqual(["pricing", "order"]);
});

test.each([
  [["order,oder"], "--group names the module oder, which is not there; there are order, payment, pricing"],
  [["order,payment", "order"], "--group names the module order twice: each runs in one process"],
  [["order,order"], "--group names the module order twice: each runs in one process"],
  [["order,"], "--group needs modules, by commas: --group order,payment"],
  [[""], "--group needs modules, by commas: --group order,payment"],
])("%p is refused in one line", (given, line) => {
  expect(() => groupsOf(given, MODULES)).toThrow(new UsageError(line));
});
