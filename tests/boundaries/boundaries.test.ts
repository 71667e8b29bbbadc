import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { judge, type RuleName, violationLine } from "./rules.ts";
import { readTree } from "./tree.ts";

const ROOT = join(import.meta.dir, "..", "..");
const planted: string[] = [];

afterAll(async () => {
  for (const directory of planted) await rm(directory, { recursive: true, force: true });
});

/** A small checkout that keeps every rule, with `files` laid over it. */
async function judgeWith(files: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-boundaries-"));
  planted.push(directory);
  const sound = {
    "runtime/clock.ts": "export const systemClock = { now: () => Date.now() };",
    "runtime/main.ts": `import { order } from "../modules/order/index.ts"; export const all = [order];`,
    "runtime/edge/reconcile.ts": `import type { Placed } from "../../modules/order/contract.ts"; export type P = Placed;`,
    "modules/order/contract.ts": "export interface Placed { readonly id: string }",
    "modules/order/index.ts": `import type { Paid } from "../payment/contract.ts"; import { rule } from "./order.ts";
      import { systemClock } from "../../runtime/clock.ts"; export const order = { rule, systemClock }; export type P = Paid;`,
    "modules/order/order.ts": `// Date.now() in a comment, from "../payment/store.ts"
      export const rule = (nowMs: number) => ({ nowMs, text: "Date.now() in a text" });`,
    "modules/order/store.ts":
      "export const load = `select id from orders where key = $1 order by id limit $2`; export const at = `select due_at from timer t where t.now = $1`;",
    "modules/payment/contract.ts": "export interface Paid { readonly id: string }",
    "modules/payment/store.ts": "export const table = 1;",
    "modules/payment/migrations/0001.sql":
      "-- now() in a comment\ncreate table payment (id text primary key, at timestamptz not null);",
  };
  for (const [path, text] of Object.entries({ ...sound, ...files })) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return judge(await readTree(directory));
}

async function expectOnly(rule: RuleName, path: string, files: Record<string, string>) {
  const found = await judgeWith(files);
  expect(found.map((violation) => ({ rule: violation.rule, path: violation.path }))).toEqual([{ rule, path }]);
}

test("this checkout keeps the rules", async () => {
  const tree = await readTree(ROOT);
  expect(tree.files.length).toBeGreaterThan(50);
  expect(judge(tree).map(violationLine)).toEqual([]);
});

test("a module uses the contracts of those alone that its declaration names, so the diagram of modules shows all it needs", async () => {
  const { files } = await readTree(ROOT);
  const contractsIn = (module: string) =>
    files
      .filter(({ path, isTest }) => path.startsWith(`modules/${module}/`) && !isTest)
      .flatMap(({ imports }) =>
        imports.flatMap(({ target = "" }) => /^modules\/(.+)\/contract\.ts$/.exec(target)?.[1] ?? []),
      );
  for (const { name, topics, asks } of registry) {
    const named = [name, ...[...topics.subscribes, ...topics.sends, ...asks].map(({ module }) => module)];
    expect([name, contractsIn(name).filter((each) => !named.includes(each))]).toEqual([name, []]);
  }
});

test("a sound tree has no violation", async () => {
  expect(await judgeWith({})).toEqual([]);
});

test("every import that the runtime's own parser finds in this checkout is found", async () => {
  const transpilers = { ts: new Bun.Transpiler({ loader: "ts" }), tsx: new Bun.Transpiler({ loader: "tsx" }) };
  for (const file of (await readTree(ROOT)).files) {
    const transpiler = file.path.endsWith(".tsx") ? transpilers.tsx : transpilers.ts;
    const ours = new Set(file.imports.map((found) => found.specifier));
    const missed = transpiler
      .scanImports(file.text)
      .map((found) => found.path)
      .filter((path) => !ours.has(path));
    expect({ path: file.path, missed }).toEqual({ path: file.path, missed: [] });
  }
});

describe("module-imports", () => {
  const cases: Record<string, string> = {
    "another module's store": `import { table } from "../payment/store.ts"; export const t = table;`,
    "another module's type": `import type { order } from "../payment/store.ts"; export type T = typeof order;`,
    "another module, re-exported": `export { table } from "../payment/store.ts";`,
    "another module, lazily": `export const lazy = () => import("../payment/store.ts");`,
    "another module, over lines": `import {\n  table,\n} from "../payment/store.ts";\nexport const t = table;`,
    "the composition root": `import type { all } from "../../runtime/main.ts"; export type A = typeof all;`,
    "the tests": `import { tool } from "../../tests/load/tool.ts"; export const t = tool;`,
  };
  for (const [name, text] of Object.entries(cases)) {
    test(`a module may not import ${name}`, () =>
      expectOnly("module-imports", "modules/order/saga.ts", { "modules/order/saga.ts": text }));
  }
  test("its tests may use the tools in tests/", async () => {
    const text = `import { tool } from "../../tests/load/tool.ts"; export const t = tool;`;
    expect(await judgeWith({ "modules/order/saga.test.ts": text })).toEqual([]);
  });
});

describe("runtime-imports", () => {
  test("runtime/ imports no module, not even a contract", () =>
    expectOnly("runtime-imports", "runtime/registry.ts", {
      "runtime/registry.ts": `import type { Placed } from "../modules/order/contract.ts"; export type P = Placed;`,
    }));
  test("runtime/edge/ imports contracts only", () =>
    expectOnly("runtime-imports", "runtime/edge/page.ts", {
      "runtime/edge/page.ts": `import { rule } from "../../modules/order/order.ts"; export const r = rule;`,
    }));
  test("runtime/telemetry/ imports no other room of it", () =>
    expectOnly("runtime-imports", "runtime/telemetry/tracer.ts", {
      "runtime/telemetry/tracer.ts": `import type { Sent } from "../messages/envelope.ts"; export type S = Sent;`,
    }));
  test("the product does not import its tests", () =>
    expectOnly("runtime-imports", "runtime/process.ts", {
      "runtime/process.ts": `import { tool } from "../tests/load/tool.ts"; export const t = tool;`,
    }));
});

describe("client-library", () => {
  const cases = {
    kafkajs: "kafkajs",
    "a file inside it": "kafkajs/src/index.js",
    ioredis: "ioredis",
    postgres: "postgres",
    "@opentelemetry/api": "@opentelemetry/api",
    "@aws-sdk/client-ssm": "@aws-sdk/client-ssm",
  };
  for (const [name, specifier] of Object.entries(cases))
    test(`${name} is imported by its adapter alone`, () =>
      expectOnly("client-library", "runtime/process.ts", {
        "runtime/process.ts": `import type { X } from "${specifier}"; export type Y = X;`,
      }));
  test("the adapter imports it", async () => {
    const text = `import type { X } from "kafkajs"; export type Y = X;`;
    expect(await judgeWith({ "runtime/transport/kafka/client.ts": text })).toEqual([]);
  });
});

describe("fixture-imports", () => {
  test("the product imports no fixture", () =>
    expectOnly("fixture-imports", "runtime/process.ts", {
      "runtime/process.ts": `import { until } from "./until.fixture.ts"; export const u = until;`,
    }));
  test("a test does, and a fixture may touch the machine", async () => {
    const found = await judgeWith({
      "runtime/until.fixture.ts": "export const until = () => Date.now();",
      "runtime/process.test.ts": `import { until } from "./until.fixture.ts"; export const u = until;`,
    });
    expect(found).toEqual([]);
  });
});

describe("cycle", () => {
  test("two files that import each other", () =>
    expectOnly("cycle", "runtime/a.ts", {
      "runtime/a.ts": `import { b } from "./b.ts"; export const a = () => b;`,
      "runtime/b.ts": `import { a } from "./a.ts"; export const b = () => a;`,
    }));
  test("through a contract, a lazy import and a type among values", () =>
    expectOnly("cycle", "modules/order/contract.ts", {
      "modules/order/contract.ts": `import { type Paid } from "../payment/contract.ts"; export type P = Paid;`,
      "modules/payment/contract.ts": `export const lazy = () => import("../order/contract.ts"); export interface Paid {}`,
    }));
  test("through types alone", () =>
    expectOnly("cycle", "runtime/a.ts", {
      "runtime/a.ts": `import type { B } from "./b.ts"; export interface A { b: B }`,
      "runtime/b.ts": `export type { A } from "./a.ts"; export interface B {}`,
    }));
});

describe("banned-api", () => {
  const cases = [
    "Date.now()",
    "new Date()",
    "Math.random()",
    "performance.now()",
    "setTimeout(() => 1, 5)",
    "globalThis.setInterval(() => 1, 5)",
    "queueMicrotask(() => 1)",
    "crypto.randomUUID()",
    "Bun.randomUUIDv7()",
    "Bun.sleep(5)",
    "`hidden ${Date.now()} in a template`",
    "[1 / 2, Date.now(), 1 / 2]",
  ];
  for (const expression of cases) {
    test(expression, () =>
      expectOnly("banned-api", "modules/order/saga.ts", {
        "modules/order/saga.ts": `export const x = () => ${expression};`,
      }),
    );
  }
  test("in runtime/ too, and as an import", () =>
    expectOnly("banned-api", "runtime/ids.ts", { "runtime/ids.ts": `import { randomUUID } from "node:crypto";` }));
  test("a date made of a given time, and things of ours with such names, are allowed", async () => {
    const text = `export const x = (s: { setTimeout: () => void }, t: number) => { s.setTimeout(); return new Date(t); };
      export const pattern = /Date.now()/; export const y = { setTimeout: 1 };`;
    expect(await judgeWith({ "modules/order/saga.ts": text })).toEqual([]);
  });
});

describe("banned-sql", () => {
  const statements = [
    "update orders set at = now() where id = $1",
    "insert into orders (at) values (current_timestamp)",
    "select random() from orders",
    "insert into orders (id) values (gen_random_uuid())",
    "select id from orders order by id for update skip locked",
    "select id from orders limit 5",
    "select id from (select id from orders order by id) o limit $1",
    "with x as (select id from orders limit $1) select id from x order by id",
  ];
  for (const statement of statements) {
    test(statement, () =>
      expectOnly("banned-sql", "modules/order/more.ts", {
        "modules/order/more.ts": `export const q = \`${statement}\`;`,
      }),
    );
  }
  test("in a tagged fragment", () =>
    expectOnly("banned-sql", "runtime/store.ts", {
      "runtime/store.ts": "declare const sql: never; export const d = sql`now()`;",
    }));
  test("as a column's default in a migration", () =>
    expectOnly("banned-sql", "modules/payment/migrations/0002.sql", {
      "modules/payment/migrations/0002.sql":
        "alter table payment add column made_at timestamptz not null default now();",
    }));
  test("the query builder's limit without an order", () =>
    expectOnly("banned-sql", "modules/order/list.ts", {
      "modules/order/list.ts": "export const list = (db: never, t: never) => db.select().from(t).limit(5);",
    }));
  test("limits with an order, and words that only look alike, are allowed", async () => {
    const text = [
      "export const a = `select id from orders where (x = $1 or y = $2) order by id limit $3`;",
      "export const b = `select o.limit, randomness from orders o`;",
      "export const c = (db: never, t: never) => db.select().from(t).orderBy(t).limit(5);",
    ];
    expect(await judgeWith({ "modules/order/list.ts": text.join("\n") })).toEqual([]);
  });
});

describe("foreign-schema", () => {
  test("a statement may not name a module's schema", () =>
    expectOnly("foreign-schema", "modules/order/more.ts", {
      "modules/order/more.ts": "export const q = `select id from payment.payment where id = $1`;",
    }));
  test("a migration may not refer to another module's table", () =>
    expectOnly("foreign-schema", "modules/order/migrations/0001.sql", {
      "modules/order/migrations/0001.sql": `create table orders (id text references "payment"."payment" (id));`,
    }));
});

describe("mode-in-module", () => {
  const cases = {
    "the environment": "export const x = process.env.ANYTHING;",
    "Bun's environment": "export const x = Bun.env.ANYTHING;",
    "a transport's name": `export const x = (mode: string) => mode === "kafka";`,
    "the other transport's name": `export const x = (mode: string) => mode === "inprocess";`,
    "the port of the transport": `import type { Transport } from "../../runtime/transport/port.ts"; export type T = Transport;`,
  };
  for (const [name, text] of Object.entries(cases)) {
    test(`a module does not know ${name}`, () =>
      expectOnly("mode-in-module", "modules/order/x.ts", { "modules/order/x.ts": text }));
  }
});

test("violations name file and line", async () => {
  const text = "export const a = 1;\n\n// one\nexport const b = `\n${a}\n${Date.now()}`;\n";
  const [found] = await judgeWith({ "modules/order/late.ts": text });
  expect(found === undefined ? "" : violationLine(found)).toBe(
    "modules/order/late.ts:6  banned-api: Date.now: ask the injected Clock",
  );
});

test("the yardstick's files are the ones the figures are defined by", async () => {
  const digest = async (name: string) =>
    new Bun.CryptoHasher("sha256").update(await readFile(join(ROOT, "tests/load", name))).digest("hex");
  expect(await digest("reference-order.sql")).toBe("88e53b5748d6d0d7c1e2cfd22a2986a0dd8ab1f702b4e4cda071016e016a7a98");
  expect(await digest("reference-schema.sql")).toBe("b72ce9c195a280d7819631afd998a3a3a08ea0264ff2f2f0a5d6e85a835f1ecb");
});
