/** `dev --split`: several processes on servers of their own, which restart, end and go on as one process does. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { readPostmaster } from "../../runtime/database/embedded/cluster.ts";
import { findCluster } from "../../runtime/database/embedded/data-directory.ts";
import { descendantsOf, needProcesses, type ProcessEntry, untilEnded } from "../faults/process-tree.ts";
import { basketOf, type Client, eventually } from "../journeys/client.ts";
import { type PlatformProcess, programIn, refusal } from "../journeys/process.ts";
import { provisionKafka } from "../provision/kafka.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionRedis } from "../provision/redis.ts";
import { type Checkout, copyCheckout, page, remainsIn, until } from "./checkout.ts";

const MODULES = ["order", "payment", "inventory", "pricing", "delivery", "notification"];

const canRun =
  (await provideOrSkip("tests/dev/split", async () => {
    await needProcesses();
    await provisionKafka();
    await provisionRedis();
    return true;
  })) ?? false;

let checkout: Checkout;
let dev: PlatformProcess;
let alice: Client;

beforeAll(async () => {
  checkout = await copyCheckout();
});
afterAll(async () => {
  await dev?.stop();
  await checkout.remove();
});

async function start(args: readonly string[] = [], env = {}) {
  dev = await checkout.dev(["--split", ...args], env);
  alice = await checkout.as(dev, "alice");
}

/** The applications by their modules. */
const members = () =>
  new Map(
    descendantsOf(dev.pid).flatMap((entry) => {
      const modules = / --modules=(\S+)/.exec(entry.command)?.[1];
      return modules === undefined ? [] : [[modules, entry] as const];
    }),
  );
const member = (modules: string): ProcessEntry => {
  const found = members().get(modules);
  if (found === undefined) throw new Error(`no process runs ${modules}:\n${dev.output()}`);
  return found;
};
const pids = () => new Map([...members()].map(([modules, { pid }]) => [modules, pid]));
const linesOf = (pattern: RegExp) => dev.output().match(pattern) ?? [];
const restarts = () => linesOf(/^ {2}restarted .*/gm);
/** Its own URLs, as the banner names them. */
const urls = () => linesOf(/^ {2}\S+ +http:\S+ +http:\S+$/gm).map((line) => line.trim().split(/ +/));

async function nextRestart(after: number) {
  await until("it has restarted", () => restarts().length > after);
  return restarts()[after] ?? "";
}

async function orderIsCarriedOut(sku: string) {
  const { id } = await alice.place(basketOf(sku, 1), { wait: 20 });
  await alice.until(id, "FULFILLING", 20_000);
  return id;
}

test.skipIf(!canRun)("each module is a process of its own, and an order passes through all of them", async () => {
  await start();
  expect([...members().keys()]).toEqual(MODULES);
  expect(urls().map(([name]) => name)).toEqual(MODULES);
  for (const [, own = "", internal = ""] of urls())
    for (const url of [own, internal]) expect(await page(`${url}/health/ready`)).toContain("ready");
  const id = await orderIsCarriedOut("SKU-001");
  const operator = await checkout.as(dev, "olga", "operator");
  const seen = await eventually(
    async () => (await operator.send({ method: "GET", path: `/api/v1/ops/traces?orderId=${id}` })).text,
    (text) => text.includes('"handle OrderConfirmed"'),
  );
  expect(JSON.parse(seen)).toMatchObject({ kept: true, traces: [{ spans: [{ name: "POST /api/v1/orders" }] }] });
  for (const module of MODULES) expect([module, seen.includes(`"service":"${module}"`)]).toEqual([module, true]);
  expect(await page(`${dev.url}/openapi.json`)).toContain("/api/v1/deliveries");
  expect(dev.output()).not.toContain("\x1b[");
});

test.skipIf(!canRun)("a save in one module restarts its process, and no other", async () => {
  const before = pids();
  const done = restarts().length;
  await checkout.edit("modules/payment/payment.ts", "\n", "\n\n");
  expect(await nextRestart(done)).toMatch(/restarted payment in \d+ ms: modules\/payment\/payment\.ts$/);
  const after = pids();
  expect(after.get("payment")).not.toBe(before.get("payment"));
  expect([...after].filter(([name]) => name !== "payment")).toEqual([...before].filter(([name]) => name !== "payment"));
  await orderIsCarriedOut("SKU-002");
});

test.skipIf(!canRun)(
  "what cannot start stays down alone, says so after its name, and is mended by any save",
  async () => {
    const before = pids();
    const done = restarts().length;
    await checkout.edit("modules/delivery/contract.ts", "\nexport", "\nconst broken = ;\nexport");
    const refused = /^(\S+) +│ it did not start; the next save starts it again$/gm;
    await until("all are down", () => linesOf(refused).length === MODULES.length);
    expect(restarts()).toHaveLength(done);
    await checkout.edit("modules/delivery/contract.ts", "const broken = ;\n", "");
    expect(await nextRestart(done)).toMatch(/restarted all 6 processes in \d+ ms: modules\/delivery\/contract\.ts$/);
    expect([...pids().values()].filter((pid) => [...before.values()].includes(pid))).toEqual([]);
  },
);

test.skipIf(!canRun)("a process that is killed is started again, and what it had under way goes on", async () => {
  const { id } = await alice.place(basketOf("SKU-003", 1));
  process.kill(member("payment").pid, "SIGKILL");
  await until("it runs again", () => /^payment +│ the application runs again$/m.test(dev.output()));
  expect(dev.output()).toMatch(
    /^payment +│ THE APPLICATION ENDED BY ITSELF \(SIGKILL\): it is started again at once$/m,
  );
  await alice.until(id, "FULFILLING", 20_000);
});

test.skipIf(!canRun)("a broker that is killed is started again on its messages", async () => {
  const broker = descendantsOf(dev.pid).find(({ name }) => name === "java");
  process.kill(broker?.pid ?? 0, "SIGKILL");
  const { id } = await alice.place(basketOf("SKU-004", 1));
  await until("it runs again", () => dev.output().includes("KAFKA ENDED BY ITSELF and runs again"));
  await alice.until(id, "FULFILLING", 30_000);
});

test.skipIf(!canRun)("kill -9: all of it ends by itself, and a start in other groups goes on", async () => {
  const placed = await Promise.all(["SKU-005", "SKU-006", "SKU-007"].map((sku) => alice.place(basketOf(sku, 1))));
  const all = descendantsOf(dev.pid);
  await dev.kill("process");
  await start(["--group", "order,pricing", "--group", "payment,inventory,delivery"], { PORT: String(dev.port) });
  await untilEnded(all);
  expect([...members().keys()]).toEqual(["order,pricing", "payment,inventory,delivery", "notification"]);
  for (const { id } of placed) await alice.until(id, "FULFILLING", 30_000);
});

test.skipIf(!canRun)("what is left in Kafka is named by `dev` without --split, and goes on with it", async () => {
  const port = { PORT: String(dev.port) };
  await checkout.edit("modules/notification/index.ts", "\nexport", "\nconst broken = ;\nexport");
  await until("it is down", () => /^notification .*it did not start/m.test(dev.output()));
  const { id } = await alice.place(basketOf("SKU-008", 1));
  await alice.until(id, "FULFILLING", 20_000);
  await dev.stop();
  expect(remainsIn(checkout.dataDir).sort()).toEqual(["kafka", "under-way"]);
  await checkout.edit("modules/notification/index.ts", "const broken = ;\n", "");

  const whole = await checkout.dev([], port);
  const told = `ORDERS MAY BE UNDER WAY in ${join(checkout.dataDir, "kafka")}, of \`dev --split\``;
  await until("it is told", () => whole.output().includes(told));
  await whole.stop();

  await start([], port);
  expect(dev.output()).not.toContain("ORDERS MAY BE");
  await until("the notice is sent", async () =>
    (await alice.notifications(id)).some(({ status }) => status === "SENT"),
  );
});

test.skipIf(!canRun)("Ctrl-C that comes twice: one clean stop with code 0, and nothing is left", async () => {
  const all = descendantsOf(dev.pid);
  const socketDir = readPostmaster(findCluster(checkout.dataDir) ?? "")?.socketDir ?? "";
  const open = [dev.url, ...urls().flatMap(([, ...own]) => own)];
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(["java", "redis-server", "postgres"]));
  expect(existsSync(socketDir)).toBe(true);
  // As at a terminal, and from `bun run` as well.
  process.kill(-dev.pid, "SIGINT");
  await Bun.sleep(5);
  process.kill(dev.pid, "SIGINT");
  expect(await dev.exited).toBe(0);
  await untilEnded(all, 0);
  expect(linesOf(/Stopped\. Everything is saved/g)).toHaveLength(1);
  expect(dev.output()).not.toMatch(/ENDED BY ITSELF \(exit|exited|Error/);
  expect(await Promise.all(open.map((url) => page(`${url}/health/live`)))).toEqual(open.map(() => ""));
  expect(existsSync(socketDir)).toBe(false);
  expect(remainsIn(checkout.dataDir)).toEqual(["kafka"]);
});

test.skipIf(!canRun)("Ctrl-C while the servers start: it ends in order with code 0, and nothing is left", async () => {
  const child = spawn(process.execPath, ["runtime/main.ts", "dev", "--split", "--data", checkout.dataDir], {
    cwd: checkout.root,
    env: { ...process.env, PORT: String(await freeServerPort()), DATABASE_URL: "" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const pid = child.pid ?? 0;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  const closed = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  await until("the broker starts", () => descendantsOf(pid).some(({ command }) => command.includes(" kafka.Kafka ")));
  const all = descendantsOf(pid);
  process.kill(-pid, "SIGINT");
  expect(await closed).toBe(0);
  expect(
    output
      .trim()
      .split("\n")
      .map((line) => line.trim()),
  ).toEqual([
    "starting PostgreSQL, Kafka, Redis, and 6 processes on them …",
    "Stopped. Everything is saved; the next start goes on where it was.",
  ]);
  await untilEnded(all, 0);
  expect(remainsIn(checkout.dataDir)).toEqual(["kafka"]);
});

test("what cannot be understood is refused in one line", async () => {
  const dev = (...args: string[]) =>
    refusal(["dev", "--data", checkout.dataDir, ...args], {}, programIn(checkout.root));
  expect(await dev("--group", "order")).toBe("--group is for --split: bun run dev --split --group order,payment");
  expect(await dev("--split", "--group", "order,oder")).toStartWith(
    "--group names the module oder, which is not there",
  );
  expect(await dev("--split", "--group=order", "--group=order")).toStartWith("--group names the module order twice");
  expect(await dev("--split", "--modules", "order")).toStartWith("--modules is for one process");
  const brokers = { KAFKA_BROKERS: "127.0.0.1:1" };
  expect(await refusal(["dev", "--data", checkout.dataDir, "--split", "--reset"], brokers)).toStartWith(
    "--reset removes only the messages that `dev` keeps itself",
  );
  expect(await dev("--gateway")).toStartWith("--gateway is for the application that `dev` itself starts");
});
