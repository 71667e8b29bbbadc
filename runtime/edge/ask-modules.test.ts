import { expect, test } from "bun:test";
import { ProblemError } from "../http/problem.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { askModules } from "./ask-modules.ts";

const MODULES = ["order", "payment", "pricing"];

/** What asking ends with, where the modules named here fail like that. */
const askWith = (failures: Readonly<Record<string, Error>>) =>
  askModules(MODULES, async (module) => {
    const failure = failures[module];
    if (failure) throw failure;
    return `${module}'s`;
  }).catch((error: unknown) => error);

test("answers stand in the modules' order", async () => {
  expect(await askWith({})).toEqual(["order's", "payment's", "pricing's"]);
});

test("all who are away are named, and why the first one is goes to the log", async () => {
  const first = new RpcUnavailable("no route");
  const error = await askWith({ order: first, pricing: new RpcUnavailable("too slow") });
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({
    problem: { status: 503, detail: expect.stringContaining("No answer from order, pricing.") },
    headers: { "retry-after": "2" },
    cause: first,
  });
});

test("a bug is not hidden behind a module that is away", async () => {
  const bug = new TypeError("a bug");
  expect(await askWith({ order: new RpcUnavailable("no route"), pricing: bug })).toBe(bug);
});
