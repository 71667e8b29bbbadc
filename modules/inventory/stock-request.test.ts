import { expect, test } from "bun:test";
import { ProblemError } from "../../runtime/http/problem.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import { RpcUnavailable } from "../../runtime/rpc/port.ts";
import { requestAdjustment, requestPolicy, type StockDeps } from "./stock-request.ts";

const ID = "019a0000-0000-7000-8000-000000000000";
const operator: OperatorAction = {
  id: ID,
  subject: "olga",
  issuer: "the issuer",
  action: "POST /api/v1/inventory/{sku}/adjustments",
  objects: { sku: "NEW" },
  traceId: null,
  scope: null,
};

const unused = () => Promise.reject(new Error("not asked here"));

test("what is opened for units that are refused then has no entry in the audit log; the command's is found by the SKU", async () => {
  const statements: string[] = [];
  const commands: unknown[] = [];
  const deps: StockDeps = {
    database: {
      async query({ text }) {
        statements.push(text);
        return text.startsWith("insert into stock") ? [{ sku: "NEW" }] : [];
      },
      lane: () => {
        throw new Error("not asked here");
      },
      close: unused,
    },
    ids: { next: () => ID },
    clock: { now: () => 0 },
    isProduct: async () => true,
    earlier: unused,
    lane: {
      async execute(command, key, input, options) {
        commands.push(options.operator);
        // As much of its circumstances as the decision looks at.
        const answer = command.decide(undefined, input, { key, now: 0, shared: new Map() } as never).answer;
        return { kind: "decided", answer };
      },
    },
  };
  const adjustment = { sku: "NEW", warehouse: "main", delta: 1, reason: "found" };
  const asked = requestAdjustment(deps, adjustment, { claim: null, traceparent: null, operator });
  await expect(asked).rejects.toBeInstanceOf(ProblemError);
  expect(statements.filter((text) => text.startsWith("insert into stock"))).toHaveLength(1);
  expect(statements.filter((text) => text.includes("audit"))).toEqual([]);
  expect(commands).toEqual([{ ...operator, key: "NEW" }]);
});

test.each<[string, StockDeps["isProduct"], string]>([
  ["that is no product has no policy", async () => false, "404 /problems/not-found"],
  [
    "of which nobody says whether it is a product is asked about again",
    () => Promise.reject(new RpcUnavailable("pricing is away")),
    "503 /problems/unavailable",
  ],
])("a SKU %s, and is not opened", async (_name, isProduct, problem) => {
  const statements: string[] = [];
  const deps: StockDeps = {
    database: {
      async query({ text }) {
        statements.push(text);
        return [];
      },
      lane: () => {
        throw new Error("not asked here");
      },
      close: unused,
    },
    ids: { next: () => ID },
    clock: { now: () => 0 },
    isProduct,
    earlier: unused,
    lane: { execute: unused },
  };
  const policy = { sku: "MISTYPED", backorder: false, lowStockThreshold: 1 };
  await expect(requestPolicy(deps, policy, { traceparent: null, operator })).rejects.toThrow(problem);
  expect(statements.filter((text) => text.includes("insert into stock"))).toEqual([]);
});
