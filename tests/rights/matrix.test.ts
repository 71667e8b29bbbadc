/** The matrix of rights finds what it is for: each leak that is planted into a small platform, and none in a sound one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import * as z from "zod";
import { systemClock } from "../../runtime/clock.ts";
import { handlerWith, httpFor } from "../../runtime/http/http.fixture.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import { customerInQuery, type DeclaredObject, objectInPath, objectInQuery } from "../../runtime/http/rights.ts";
import { type DeclaredRights, type Route, route } from "../../runtime/http/route.ts";
import { openDevelopmentIssuer } from "../../runtime/identity/development-issuer.ts";
import { createTokenVerifier, type TokenVerifier } from "../../runtime/identity/token-verifier.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { type Callers, OWNER, openCallers } from "./callers.ts";
import { cellsOf } from "./cells.ts";
import { type Mismatch, mismatchesOf } from "./matrix.ts";

const ORDER = "01890000-0000-7000-8000-00000000000a";
const ids = { order: ORDER };

let dataDir: string;
let callers: Callers;
let verifier: TokenVerifier;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "genai-demo-rights-"));
  callers = await openCallers(dataDir);
  const { trusted } = await openDevelopmentIssuer(dataDir, systemClock);
  verifier = createTokenVerifier({ issuers: [trusted], clock: systemClock, scheduler });
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const find = async (id: string) => (id === ORDER ? { id, customerId: OWNER } : undefined);
const lookup = { noun: "order", find, ownerOf: ({ customerId }: { customerId: string }) => customerId };
const orderInPath = objectInPath({ ...lookup, parameter: "id" });
const orderInQuery = objectInQuery({ ...lookup, parameter: "orderId" });

const responses = { 200: { description: "It.", schema: z.unknown() } };
const pathId = z.strictObject({ id: z.string() });

/** Routes of every kind; a bug replaces what one of them is declared with. */
function routesWith(bug: { [path: string]: DeclaredRights<void> } = {}, body: z.ZodType = z.strictObject({})): Route[] {
  const both = { callers: "customers and operators" } as const;
  const rightsOf = (path: string, rights: DeclaredRights<void>) => ({ path, rights: bug[path] ?? rights });
  const common = { summary: "x", responses, handle: async () => ({ status: 200, body: {} }) };
  const read = { method: "GET", ...common } as const;
  const write = { method: "POST", ...common, body, bodyExample: {} } as const;
  return [
    route({ ...read, ...rightsOf("/products/{id}", { callers: "anyone", object: "shared" }), params: pathId }),
    route({ ...write, ...rightsOf("/orders", { callers: "customers", object: "own" }) }),
    route({ ...write, ...rightsOf("/letters", { callers: "operators", scope: "ops:write", object: "shared" }) }),
    route({
      ...read,
      ...rightsOf("/orders/{id}", { ...both, scope: "order:read", object: orderInPath }),
      params: pathId,
    }),
    route({
      ...write,
      ...rightsOf("/orders/{id}/cancel", { ...both, scope: "order:write", object: orderInPath }),
      params: pathId,
    }),
    route({
      ...read,
      ...rightsOf("/payments", { ...both, scope: "order:read", object: orderInQuery }),
      query: z.strictObject({ orderId: z.string() }),
      handle: async ({ object }) => ({
        status: 200,
        body: { items: object === undefined ? [] : [object], nextCursor: null },
      }),
    }),
    route({
      ...read,
      ...rightsOf("/preferences", { ...both, scope: "order:read", object: customerInQuery }),
      query: z.strictObject({ customerId: z.string().optional(), all: z.literal("true") }),
      handle: async ({ object }) => ({ status: 200, body: { customerId: object } }),
    }),
  ];
}

/** What the matrix says of a platform that was declared as `routesWith()` and answers with the given routes. */
async function mismatchesWith(routes: readonly Route[], trust: TokenVerifier = verifier): Promise<readonly Mismatch[]> {
  const handle = handlerWith(routes, { ...httpFor(), checkReplies: false, verifier: trust });
  const cells = await cellsOf(
    routesWith().map(({ spec }) => spec),
    callers,
    ids,
  );
  return mismatchesOf(cells, async (request) => handle(request), "http://shop.test", ids);
}

const leaksOf = (mismatches: readonly Mismatch[]) => mismatches.filter(({ kind }) => kind === "leak");

test("a platform that is as it is declared has none", async () => {
  expect(await mismatchesWith(routesWith())).toEqual([]);
});

/** Takes a customer who names nobody for an operator. */
const everybodys: DeclaredObject<unknown, void> = {
  ...customerInQuery,
  see: async (asked, deps) =>
    Reflect.get(asked.query, "customerId") === undefined ? OWNER : customerInQuery.see(asked, deps),
};

const both = { callers: "customers and operators", scope: "order:read" } as const;
/** Gives out whatever is there. */
const careless = (declared: DeclaredObject<unknown, void>): DeclaredObject<unknown, void> => ({
  ...declared,
  see: async () => ({ id: ORDER }),
});
/** Says that there is something, and not what. */
const talkative: DeclaredObject<unknown, void> = {
  ...orderInPath,
  async see(asked, deps) {
    const id = String(Reflect.get(asked.params, "id"));
    if (asked.principal?.role !== "customer" || asked.principal.subject === OWNER || !(await find(id)))
      return orderInPath.see(asked, deps);
    throw new ProblemError(refusal(404, "not-found", "Not found", "It is somebody else's."));
  },
};

test.each<[string, string, DeclaredRights<void>, string]>([
  ["anyone may call", "/orders/{id}", { callers: "anyone", object: "shared" }, "by no token"],
  ["anyone may write", "/letters", { callers: "anyone", object: "shared" }, "by no token"],
  ["customers may do what operators may", "/letters", { callers: "customers", object: "own" }, "by the owner"],
  [
    "operators may do what customers may",
    "/orders",
    { callers: "operators", scope: "order:write", object: "shared" },
    "by an operator with all",
  ],
  [
    "another scope is asked",
    "/letters",
    { callers: "operators", scope: "order:read", object: "shared" },
    "all scopes but ops:write",
  ],
  ["a stranger reads", "/orders/{id}", { ...both, object: careless(orderInPath) }, "by another customer"],
  ["a stranger cancels", "/orders/{id}/cancel", { ...both, object: careless(orderInPath) }, "by another customer"],
  ["a stranger lists", "/payments", { ...both, object: careless(orderInQuery) }, "by another customer"],
  [
    "a stranger is believed to be another",
    "/preferences",
    { ...both, object: careless(customerInQuery) },
    "by another",
  ],
  ["a stranger who names nobody gets it all", "/preferences", { ...both, object: everybodys }, "is told of the-owner"],
  ["a stranger learns that it is there", "/orders/{id}", { ...both, object: talkative }, "and an unknown one 404"],
])("where %s, that is a leak", async (_what, path, rights, found) => {
  const leaks = leaksOf(await mismatchesWith(routesWith({ [path]: rights })));
  expect(leaks.every(({ line }) => line.includes(` ${path} by `))).toBe(true);
  expect(leaks.map(({ line }) => line).join("\n")).toContain(found);
});

test("where tokens are read and not checked, every caller that nobody may believe is a leak", async () => {
  const gullible: TokenVerifier = {
    verify(token) {
      try {
        const { sub = "", role, scope } = decodeJwt<{ role?: string; scope?: string }>(token);
        const scopes = scope?.split(" ") ?? [];
        const known = role === "operator" ? role : "customer";
        return { ok: true, principal: { subject: sub, role: known, scopes, issuer: "", expiresAtMs: 9e15 } };
      } catch {
        return { ok: false, reason: "invalid", detail: "It is no token." };
      }
    },
  };
  const lines = leaksOf(await mismatchesWith(routesWith(), gullible)).map(({ line }) => line);
  const believed = new Set(lines.map((line) => / by (.*?)( for .*)?, which must be/.exec(line)?.[1]));
  expect([...believed].sort()).toEqual([
    "a service token",
    "a token of another issuer",
    "a token that another key has signed",
    "a token that brings its key along",
    "a token with another audience",
    "an expired token",
    "an unsigned token",
  ]);
});

test("who may pass and does not, and a write that its body does not stop, are told as well", async () => {
  const closed = { callers: "operators", scope: "ops:read", object: "shared" } as const;
  const refused = await mismatchesWith(routesWith({ "/products/{id}": closed }));
  expect(refused.map(({ line }) => line).join("\n")).toContain(
    "GET /products/{id} by no token, which may pass, is answered 401",
  );
  expect(leaksOf(refused)).toEqual([]);
  const taken = await mismatchesWith(routesWith({}, z.unknown()));
  expect(taken.map(({ line }) => line).join("\n")).toContain(
    "POST /orders by the owner, which may pass, is answered 200",
  );
});

test("an object of a kind that nobody has made is an error, not a gap", async () => {
  const specs = routesWith().map(({ spec }) => spec);
  await expect(cellsOf(specs, callers, {})).rejects.toThrow("is about a customer's order: make one");
});
