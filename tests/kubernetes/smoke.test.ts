import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { registry } from "../../modules/registry.ts";
import { UsageError } from "../../runtime/cli/arguments.ts";
import { run } from "../../runtime/cli/smoke.ts";

const printed = spyOn(console, "log").mockImplementation(() => undefined);
afterAll(() => printed.mockRestore());

const refused = () =>
  new Response("{}", { status: 401, headers: { "content-type": "application/problem+json; charset=utf-8" } });
const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
const paths = registry.flatMap(({ routes }) => routes.map(({ spec }) => spec.path));
const channels = registry.flatMap(({ topics }) => topics.sends.map(({ name }) => name));

type Answers = Readonly<Record<string, () => Response>>;
const right: Answers = {
  "/health/ready": () => Response.json({ status: "ready" }),
  "/api/v1/pricing/products": () => Response.json({ items: [], nextCursor: null }),
  "/openapi.json": () => Response.json({ openapi: "3.1.1", paths: named(paths) }),
  "/asyncapi.json": () => Response.json({ asyncapi: "3.0.0", channels: named(channels) }),
};

let answers: Answers = right;
let methods: string[] = [];
let server: ReturnType<typeof Bun.serve>;
beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      methods.push(request.method);
      return (answers[new URL(request.url).pathname] ?? refused)();
    },
  });
});
afterAll(() => server.stop(true));

async function smoke(given: Answers, ...args: string[]) {
  answers = { ...right, ...given };
  methods = [];
  printed.mockClear();
  const code = await run(["--url", `http://127.0.0.1:${server.port}`, "--within", "1", ...args], registry);
  return { code, said: printed.mock.calls.flat().join("\n") };
}

test("what answers as it must holds, a line for each module and document, and is only read", async () => {
  const { code, said } = await smoke({});
  expect(said).not.toContain("FAILS");
  expect(code).toBe(0);
  for (const { name } of registry) expect(said).toContain(`holds  ${name}: GET /api/v1/`);
  expect(said).toContain(`${registry.length + 3} checks hold`);
  expect(new Set(methods)).toEqual(new Set(["GET"]));
});

test("of a process with some modules, theirs alone is asked", async () => {
  const { code, said } = await smoke({ "/openapi.json": refused }, "--modules", "payment,delivery");
  expect(code).toBe(0);
  expect(said).toContain("3 checks hold");
});

const broken: readonly (readonly [what: string, path: string, answer: () => Response, says: string])[] = [
  ["a list that fails", "/api/v1/pricing/products", () => new Response("no", { status: 500 }), "pricing: GET"],
  ["a list of another shape", "/api/v1/pricing/products", () => Response.json({ items: 1 }), "not what this release"],
  [
    "what lets anybody in",
    "/api/v1/payments",
    () => Response.json({ items: [] }),
    "without a token it must answer 401",
  ],
  ["a refusal that is no problem", "/api/v1/payments", () => new Response("", { status: 401 }), "payment: GET"],
  ["a route that is not there", "/api/v1/deliveries", () => new Response("", { status: 404 }), "delivery: GET"],
  ["no document", "/openapi.json", () => new Response("<html>"), "no such document"],
  [
    "a document of fewer modules",
    "/asyncapi.json",
    () => Response.json({ asyncapi: "3.0.0", channels: {} }),
    "it has no",
  ],
];

test.each(broken)("%s fails", async (_, path, answer, says) => {
  const { code, said } = await smoke({ [path]: answer });
  expect(code).toBe(1);
  expect(said.split("\n").filter((line) => line.startsWith("FAILS"))).toHaveLength(1);
  expect(said).toContain(says);
});

test("an answer adds no lines to the report, and moves no terminal", async () => {
  const lying = () => new Response("no\nholds  payment: GET /api/v1/payments\n\u001b[2J", { status: 500 });
  const { said } = await smoke({ "/api/v1/payments": lying });
  expect(said.split("\n")).toHaveLength(registry.length + 4);
  expect(said).not.toContain("\u001b");
});

test("it waits until they are ready, and no longer than it may", async () => {
  let asked = 0;
  const later = () => (++asked < 3 ? new Response("", { status: 503 }) : Response.json({ status: "ready" }));
  expect((await smoke({ "/health/ready": later }, "--within", "20")).code).toBe(0);
  const { code, said } = await smoke({ "/health/ready": () => new Response("starting", { status: 503 }) });
  expect(code).toBe(1);
  expect(said).toContain("503 starting");
  expect(said).not.toContain("payment");
});

test("flags that it does not understand say what to write", async () => {
  const more = ["/base", "/?a=1"].map((path) => ["--url", `http://127.0.0.1:1${path}`]);
  for (const args of [
    [],
    ...more,
    ["--url", "http://me:word@127.0.0.1:1"],
    ["--url", "order:8080"],
    ["--url", "http://127.0.0.1:1", "--modules", "orders"],
  ])
    expect(run(args, registry)).rejects.toThrow(UsageError);
});
