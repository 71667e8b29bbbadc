import { expect, test } from "bun:test";
import { allows, isLike, statementsOf } from "./policy.ts";

const policyOf = (...statements: readonly object[]) =>
  statementsOf(JSON.stringify({ Version: "2012-10-17", Statement: statements }));
const request = (action: string, resource: string, context = {}) => ({ action, resource, context });

test("a statement is about what it names, and about nothing else", () => {
  const own = policyOf({ Effect: "Allow", Action: "ssm:Get*", Resource: ["arn:a/order", "arn:a/order/*"] });
  expect(allows(own, request("ssm:GetParametersByPath", "arn:a/order"))).toBe(true);
  expect(allows(own, request("SSM:getparameter", "arn:a/order/DATABASE_URL"))).toBe(true);
  expect(allows(own, request("ssm:GetParameter", "arn:a/orders"))).toBe(false);
  expect(allows(own, request("ssm:PutParameter", "arn:a/order/DATABASE_URL"))).toBe(false);
});

test("a denial wins", () => {
  const both = policyOf(
    { Effect: "Allow", Action: "s3:*", Resource: "*" },
    { Effect: "Deny", Action: "s3:PutObject", Resource: "arn:b/*" },
  );
  expect(allows(both, request("s3:GetObject", "arn:b/x"))).toBe(true);
  expect(allows(both, request("s3:PutObject", "arn:b/x"))).toBe(false);
});

test("a condition is met by what the request says, and not by silence", () => {
  const here = policyOf({
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: "arn:k",
    Condition: { StringLike: { "kms:EncryptionContext:PARAMETER_ARN": ["arn:a/order/*"] } },
  });
  const named = (arn: string) => ({ "kms:EncryptionContext:PARAMETER_ARN": arn });
  expect(allows(here, request("kms:Decrypt", "arn:k", named("arn:a/order/X")))).toBe(true);
  expect(allows(here, request("kms:Decrypt", "arn:k", named("arn:a/payment/X")))).toBe(false);
  expect(allows(here, request("kms:Decrypt", "arn:k"))).toBe(false);
});

test("what it does not know it does not judge", () => {
  const odd = policyOf({
    Effect: "Allow",
    Action: "a:b",
    Resource: "*",
    Condition: { IpAddress: { "aws:SourceIp": "x" } },
  });
  expect(() => allows(odd, request("a:b", "c", { "aws:SourceIp": "x" }))).toThrow("IpAddress");
  expect(() => policyOf({ Effect: "Allow", NotAction: "a:b", Resource: "*" })).toThrow();
});

test("a pattern's other characters stand for themselves", () => {
  expect(isLike("arn:a.b/*", "arn:a.b/c/d")).toBe(true);
  expect(isLike("arn:a.b/*", "arn:aXb/c")).toBe(false);
  expect(isLike("rds!db-?", "rds!db-1")).toBe(true);
});
