import { describe, expect, test } from "bun:test";
import * as z from "zod";
import type { Principal } from "../identity/principal.ts";
import { StartError } from "../start-error.ts";
import { createApp } from "./app.ts";
import { handlerWith, httpFor, principal } from "./http.fixture.ts";
import { mountRoutes } from "./mount.ts";
import { openApiDocument } from "./openapi.ts";
import { customerFilter, customerInQuery, objectInPath, objectInQuery } from "./rights.ts";
import { faultsOfRights } from "./rights-faults.ts";
import { bindRoutes, type RouteSpec, route } from "./route.ts";

interface Shelf {
  readonly id: string;
  readonly customerId: string;
}
interface Deps {
  readonly shelves: readonly Shelf[];
}

const lookup = {
  noun: "shelf",
  find: async (id: string, { shelves }: Deps) => shelves.find((shelf) => shelf.id === id),
  ownerOf: ({ customerId }: Shelf) => customerId,
};
const shelfInPath = objectInPath({ ...lookup, parameter: "id" });
const shelfInQuery = objectInQuery({ ...lookup, parameter: "shelfId" });

const ok = { 200: { description: "It.", schema: z.unknown() }, 404: { description: "None." } };
const handled: string[] = [];
const routes = [
  route({
    method: "GET",
    path: "/shelves/{id}",
    rights: { callers: "customers and operators", scope: "shelf:read", object: shelfInPath },
    summary: "A shelf",
    params: z.strictObject({ id: z.string() }),
    responses: ok,
    handle: async ({ object }) => ({ status: 200, body: { id: object.id } }),
  }),
  route({
    method: "POST",
    path: "/shelves/{id}",
    rights: { callers: "customers and operators", scope: "shelf:write", object: shelfInPath },
    summary: "Fills a shelf",
    params: z.strictObject({ id: z.string() }),
    body: z.strictObject({ books: z.int() }),
    bodyExample: { books: 1 },
    responses: ok,
    async handle({ object, body }) {
      handled.push(`${object.id} ${body.books}`);
      return { status: 200, body: {} };
    },
  }),
  route({
    method: "GET",
    path: "/books",
    rights: { callers: "customers and operators", scope: "shelf:read", object: shelfInQuery },
    summary: "Books of a shelf",
    query: z.strictObject({ shelfId: z.string() }),
    responses: ok,
    handle: async ({ object }) => ({ status: 200, body: { items: object === undefined ? [] : [object.id] } }),
  }),
  route({
    method: "GET",
    path: "/taste",
    rights: { callers: "customers and operators", scope: "shelf:read", object: customerInQuery },
    summary: "What a customer likes",
    query: z.strictObject({ customerId: z.string().optional() }),
    responses: ok,
    handle: async ({ object: customerId }) => ({ status: 200, body: { customerId } }),
  }),
  route({
    method: "GET",
    path: "/shelves",
    rights: { callers: "customers and operators", scope: "shelf:read", object: customerFilter },
    summary: "Shelves",
    query: z.strictObject({ customerId: z.string().optional() }),
    responses: ok,
    handle: async ({ object: customerId = "everybody" }) => ({ status: 200, body: { customerId } }),
  }),
];

const PEOPLE: Readonly<Record<string, Principal>> = {
  alice: principal("customer", [], "alice"),
  mallory: principal("customer", ["*"], "mallory"),
  operator: principal("operator", ["shelf:read"], "olga"),
  // Called like the owner, and no customer.
  namesake: principal("operator", ["other:*"], "alice"),
};

const http = httpFor(PEOPLE);
const handler = handlerWith(bindRoutes(routes, { shelves: [{ id: "7", customerId: "alice" }] }), http);

async function ask(token: string, path: string, body?: string) {
  const response = await handler(
    new Request(`http://h${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    }),
  );
  return { status: response.status, text: await response.text(), headers: [...response.headers] };
}

describe("an object in the path", () => {
  test("is there for its owner and for operators", async () => {
    expect((await ask("alice", "/shelves/7")).text).toBe('{"id":"7"}');
    expect((await ask("operator", "/shelves/7")).text).toBe('{"id":"7"}');
    expect((await ask("namesake", "/shelves/7")).status).toBe(403);
  });

  test("is told from none by nobody else, whatever the body holds", async () => {
    const bodies = [undefined, '{"books":1}', '{"books":"many"}', "{}"];
    for (const body of bodies) {
      const strange = await ask("mallory", "/shelves/7", body);
      const unknown = await ask("mallory", "/shelves/8", body);
      expect(strange.status).toBe(404);
      expect({ ...strange, text: strange.text.replaceAll("7", "8") }).toEqual(unknown);
    }
    expect(handled).toEqual([]);
    expect((await ask("alice", "/shelves/7", '{"books":"many"}')).status).toBe(400);
    expect((await ask("alice", "/shelves/7", '{"books":2}')).status).toBe(200);
    expect(handled).toEqual(["7 2"]);
  });
});

test("of a stranger's object in the query nothing is listed", async () => {
  expect((await ask("alice", "/books?shelfId=7")).text).toBe('{"items":["7"]}');
  expect((await ask("operator", "/books?shelfId=7")).text).toBe('{"items":["7"]}');
  expect(await ask("mallory", "/books?shelfId=7")).toEqual(await ask("mallory", "/books?shelfId=8"));
});

test("a customer has only themselves, an operator names one", async () => {
  for (const path of ["/taste", "/taste?customerId=alice"])
    expect((await ask("alice", path)).text).toBe('{"customerId":"alice"}');
  expect((await ask("mallory", "/taste?customerId=alice")).status).toBe(404);
  expect((await ask("operator", "/taste?customerId=alice")).text).toBe('{"customerId":"alice"}');
  expect((await ask("operator", "/taste")).status).toBe(400);
});

test("a list is a customer's own; an operator sees everybody's, or that of the one who is named", async () => {
  for (const path of ["/shelves", "/shelves?customerId=alice"])
    expect((await ask("alice", path)).text).toBe('{"customerId":"alice"}');
  expect((await ask("mallory", "/shelves?customerId=alice")).status).toBe(404);
  expect((await ask("operator", "/shelves?customerId=alice")).text).toBe('{"customerId":"alice"}');
  expect((await ask("operator", "/shelves")).text).toBe('{"customerId":"everybody"}');
});

test("the document says which tokens will do, and what the others are answered", () => {
  const { paths } = openApiDocument(routes, { title: "t", version: "1" });
  const operation = paths?.["/shelves/{id}"]?.get;
  expect(operation?.security).toEqual([{ customer: [] }, { operator: ["shelf:read"] }]);
  expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(["401", "403", "404"]));
  expect(Object.keys(paths?.["/taste"]?.get?.responses ?? {})).toContain("404");
});

const spec: RouteSpec = {
  method: "GET",
  path: "/things/{id}",
  rights: { callers: "operators", scope: "thing:read", object: "shared" },
  summary: "A thing",
  query: z.strictObject({ orderId: z.string() }),
  responses: {},
};
const inPath = { place: "path", parameter: "id", noun: "thing" } as const;
const inQuery = { place: "query", parameter: "orderId", noun: "order" } as const;

test.each([
  [spec.rights],
  [{ callers: "anyone", object: "shared" }],
  [{ callers: "customers", object: inPath }],
  [{ callers: "customers and operators", scope: "thing:write", object: inPath }],
] as const)("a declaration that fits starts: %j", (rights) => {
  expect(faultsOfRights({ ...spec, rights })).toEqual([]);
});

test.each([
  [undefined, "says not who may call it"],
  [{ callers: "operators", object: "shared" }, "names no scope"],
  [{ callers: "operators", scope: "things", object: "shared" }, "names no scope"],
  [{ callers: "operators", scope: "thing:read" }, "says not whose object it is about"],
  [{ callers: "anyone", scope: "thing:read", object: "shared" }, "asks nobody for its scope thing:read"],
  [{ callers: "customers", object: "own" }, "says not whose {id} is"],
  [{ callers: "customers and operators", scope: "thing:read", object: inQuery }, "says not whose {id} is"],
  [{ callers: "customers", object: { ...inPath, parameter: "key" } }, "the thing in {key}, which its path has not"],
  [
    { callers: "operators", scope: "thing:read", object: { ...inQuery, parameter: "order" } },
    "the order in ?order=, which its query has not",
  ],
])("a declaration of %j does not start", (rights, why) => {
  // Only whoever silences the types can declare these.
  const wrong = { ...spec, rights } as unknown as RouteSpec;
  expect(faultsOfRights(wrong).join()).toContain(
    `GET /things/{id} ${why.startsWith("names") ? "is for operators and " : ""}`,
  );
  expect(faultsOfRights(wrong).join()).toContain(why);
  const start = () => mountRoutes(createApp(http), [{ spec: wrong, run: async () => ({ status: 200 }) }], http);
  expect(start).toThrow(StartError);
  expect(start).toThrow("GET /things/{id}");
});
