/**
 * The executables, freshly built, where there is nothing else: by another user, in an empty folder, without Bun, Node,
 * checkout or network. The first start to a confirmed order, a kill in the middle, the next start, the books, an orderly
 * end; and what it says where it cannot start.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import packageJson from "../../package.json";
import { sourceOf } from "../../runtime/cli/build/source.ts";
import { buildExecutables, type Executables } from "../../runtime/cli/build.ts";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { until } from "../../runtime/until.fixture.ts";
import { basketOf } from "../journeys/client.ts";
import { openSandbox, type Running, type Sandbox } from "./sandbox.ts";

setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "..", "..");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const PROGRAM = "./genai-demo";
const LIMIT_MS = 60_000;

let out: string;
let built: Executables;
let sandbox: Sandbox;
let ports: readonly number[];

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), "genai-demo-built-"));
  built = await buildExecutables({ root: ROOT, out, source: sourceOf(ROOT, COMMIT) });
  sandbox = openSandbox([built.full, built.server]);
  if (sandbox.lacking.length > 0) console.log(`the executable runs without ${sandbox.lacking.join(" and ")}`);
  ports = await freeServerPorts(6);
});

afterAll(async () => {
  await sandbox?.remove();
  rmSync(out, { recursive: true, force: true });
});

/** On the n-th pair of ports; no parcel moves by itself. */
const settings = (n: number) => ({
  PORT: String(ports[2 * n]),
  INTERNAL_PORT: String(ports[2 * n + 1]),
  CARRIER_STEP_MS: "0",
});

async function ready(running: Running): Promise<number> {
  let ended: number | null | undefined;
  void running.exited.then((code) => {
    ended = code;
  });
  const startMs = performance.now();
  const isReady = () => {
    if (ended !== undefined) throw new Error(`it ended with ${ended}: ${running.output()}`);
    return running.output().includes("genai-demo is ready");
  };
  await until("ready", isReady, LIMIT_MS);
  return performance.now() - startMs;
}

/** What the banner tells to type to place an order. */
const printedLines = (banner: string) => banner.slice(banner.indexOf("TOKEN="), banner.indexOf("Ctrl-C stops it"));

const tokenFor = async (role: string) => {
  const { code, stdout } = await sandbox.run([PROGRAM, "token", "--role", role, "--sub", "alice"]);
  expect(code).toBe(0);
  return stdout.trim();
};

async function ask(path: string, token: string, body?: unknown): Promise<unknown> {
  const data = body === undefined ? [] : ["-d", JSON.stringify(body), "-H", `Idempotency-Key: ${crypto.randomUUID()}`];
  const headers = ["-H", `Authorization: Bearer ${token}`, "-H", "Content-Type: application/json"];
  const url = `http://127.0.0.1:${ports[0]}/api/v1${path}`;
  const { stdout } = await sandbox.run(["curl", "-s", "--max-time", "15", url, ...headers, ...data]);
  return JSON.parse(stdout);
}

const Order = z.object({ id: z.string(), status: z.string() });

test("it says which build it is, and has no command that needs a checkout", async () => {
  const { code, stdout } = await sandbox.run([PROGRAM, "--version"]);
  expect(code).toBe(0);
  expect(stdout).toStartWith(`genai-demo ${packageJson.version}\ncommit    ${COMMIT}\nbuilt     20`);
  const help = await sandbox.run([PROGRAM, "--help"]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("Exit codes: 0 ");
  expect(help.stdout).not.toContain("\u001b");
  for (const name of ["simulate", "test", "check", "bench"]) {
    const { code: refused, stderr } = await sandbox.run([PROGRAM, name]);
    expect(refused).toBe(2);
    expect(stderr).toStartWith(`There is no command ${name}.`);
  }
  const own = await sandbox.run([PROGRAM, "token", "--help"]);
  expect(own.stdout).toContain("genai-demo token --role customer --sub alice");
  expect(own.stdout).not.toContain("bun run");
});

test("alone it is the platform: two first starts at once, the printed lines place an order, kill -9, and on it goes", async () => {
  const first = sandbox.start([PROGRAM], settings(0));
  const other = sandbox.start([PROGRAM, "--data", "other"], settings(1));
  const firstMs = await ready(first);
  await ready(other);
  const cache = join(sandbox.folder, "home", ".cache", "genai-demo");
  expect(readdirSync(cache)).toHaveLength(1);
  other.kill("SIGINT");
  expect(await other.exited).toBe(0);
  expect(other.output()).toContain("Stopped. Everything is saved");

  const url = `http://127.0.0.1:${ports[0]}`;
  const banner = first.output();
  expect(banner).toContain(`${url}/docs`);
  expect(banner).toContain("Data     .data\n");
  const printed = await sandbox.run(["sh", "-c", printedLines(banner)]);
  expect(JSON.parse(printed.stdout)).toMatchObject({ status: "CONFIRMED" });
  const { stdout: pages } = await sandbox.run(["curl", "-s", url, `${url}/openapi.json`]);
  expect(pages).toContain("TOKEN=$(./genai-demo token --role customer");
  expect(pages).toContain("`genai-demo token --role customer`");

  const token = await tokenFor("customer");
  const { id } = Order.parse(await ask("/orders", token, basketOf("SKU-002", 1)));
  first.kill("SIGKILL");
  expect(await first.exited).toBeNull();

  const second = sandbox.start([PROGRAM], settings(0));
  const secondMs = await ready(second);
  console.log(`first start ${firstMs.toFixed(0)} ms (two at once), after kill -9 ${secondMs.toFixed(0)} ms`);
  const isFulfilling = async () => Order.parse(await ask(`/orders/${id}`, token)).status === "FULFILLING";
  await until("the order that was under way goes on", isFulfilling, LIMIT_MS);
  const books = await sandbox.run([PROGRAM, "reconcile", "--url", url]);
  expect(books.stdout).toContain("2 orders");
  expect(books.stdout).toContain(" 0 violations");
  expect(books.code).toBe(0);
  const topology = await ask("/ops/topology", await tokenFor("operator"));
  expect(topology).toMatchObject({ versions: [packageJson.version] });

  const used = await sandbox.run([PROGRAM], settings(1));
  expect(used.code).toBe(1);
  expect(used.stderr).toContain(".data is in use by process");
  expect(used.stderr).toContain("--data DIR");
  const busy = await sandbox.run([PROGRAM, "--data", "other"], { ...settings(1), PORT: String(ports[0]) });
  expect(busy.code).toBe(1);
  expect(busy.stderr).toContain(`port ${ports[0]} on 127.0.0.1 is in use`);

  second.kill("SIGTERM");
  expect(await second.exited).toBe(0);
  // Clients that are loaded only where they are asked for, of servers that are not there: they are inside all the same.
  const away = { REDIS_URL: "redis://127.0.0.1:1", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  const third = sandbox.start([PROGRAM], { ...settings(0), ...away, OTEL_METRIC_EXPORT_INTERVAL: "500" });
  const thirdMs = await ready(third);
  for (const event of ["redis.away", "telemetry.export"])
    await until(`${event} is told`, () => third.output().includes(event), LIMIT_MS);
  console.log(`a start on data that was left in order: ${thirdMs.toFixed(0)} ms`);
  third.kill("SIGTERM");
  expect(await third.exited).toBe(0);
});

test("what is in the way of a start is one line that says what to do", async () => {
  const refusal = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { code, stdout, stderr } = await sandbox.run([PROGRAM, ...argv], { ...settings(2), ...env });
    expect({ code, lines: stderr.trim().split("\n").length, stdout }).toEqual({ code: 1, lines: 1, stdout: "" });
    return stderr;
  };
  expect(await refusal(["--data", "/proc/nowhere"])).toContain("give another one with --data DIR");
  const noCache = await refusal(["--data", "fresh"], { XDG_CACHE_HOME: "/proc/nowhere" });
  expect(noCache).toContain("set XDG_CACHE_HOME to a folder with 100 MB of room");
  expect(await refusal(["--split", "--data", "fresh"])).toContain("in a checkout of the source");
  expect(await refusal(["psql", "order"])).toContain("There is no psql on the PATH");
  const { code, stderr } = await sandbox.run([PROGRAM, "--prot", "9090"]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: "There is no flag --prot (see --help)\n" });
});

test("what PostgreSQL refuses is understood as in a checkout: the names of errors are still there", async () => {
  const server = await startScratchServer();
  try {
    const missing = Object.assign(new URL(server.url), { pathname: "/missing" }).href;
    for (const program of [built.full, built.server]) {
      const child = Bun.spawn([program, "migrate"], {
        env: { DATABASE_URL: missing, HOME: sandbox.folder },
        stdout: "ignore",
        stderr: "pipe",
      });
      expect(await new Response(child.stderr).text()).toContain("create it (createdb missing)");
      expect(await child.exited).toBe(1);
    }
  } finally {
    await server.stop();
  }
});

test("the one without a database is for servers: it refuses dev, and its clients of Kafka are inside", async () => {
  const server = "./genai-demo-server";
  const alone = await sandbox.run([server]);
  expect(alone.code).toBe(2);
  expect(alone.stderr).toStartWith("genai-demo COMMAND [--help]");
  const dev = await sandbox.run([server, "dev"]);
  expect(dev.code).toBe(1);
  expect(dev.stderr).toStartWith("This executable is for a cluster: `serve` runs it on databases that it is given.");
  const served = await sandbox.run([server, "serve"], settings(2));
  expect(served.code).toBe(1);
  expect(served.stdout).toContain("DATABASE_URL");
  const topics = await sandbox.run([server, "topics", "--kafka-brokers", "127.0.0.1:1"]);
  expect(topics.code).toBe(1);
  expect(topics.stderr).toContain("could not be made on 127.0.0.1:1");
});
