/** However a part of `dev` ends, the rest does what it should, and the next start goes on. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { removeEmbedded } from "../../runtime/database/embedded.ts";
import { hasEnded } from "../../runtime/ended-process.fixture.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { basketOf } from "../journeys/client.ts";
import { type Environment, type PlatformProcess, refusal } from "../journeys/process.ts";
import { freePort } from "../provision/external-postgres.ts";
import { type Checkout, copyCheckout, page, remainsIn, until } from "./checkout.ts";

const SCRIPT = '"dev": "bun runtime/cli/preflight/bun-version.ts && bun runtime/main.ts dev"';

let checkout: Checkout;
let running: PlatformProcess | undefined;

beforeAll(async () => {
  checkout = await copyCheckout();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
});
afterAll(() => checkout.remove());

async function dev(env: Environment = {}): Promise<PlatformProcess> {
  running = await checkout.dev([], env);
  return running;
}

/** The same ports again. */
const portsOf = ({ port, internalUrl }: PlatformProcess) => ({
  PORT: String(port),
  INTERNAL_PORT: new URL(internalUrl).port,
});

test("an application that is killed is started again at once, one that is killed again after a pause", async () => {
  const { url, output } = await dev();
  const first = checkout.pids();
  process.kill(first.application, "SIGKILL");
  await until("it runs again", () => output().includes("the application runs again"));
  const second = checkout.pids();
  expect(second.application).not.toBe(first.application);
  expect(second.postmaster).toBe(first.postmaster);
  expect(await page(`${url}/health/ready`)).not.toBe("");
  process.kill(second.application, "SIGKILL");
  await until("it runs again", () => output().split("the application runs again").length === 3);
  expect(output().match(/THE APPLICATION ENDED BY ITSELF.*/g)).toEqual([
    "THE APPLICATION ENDED BY ITSELF (SIGKILL): it is started again at once",
    "THE APPLICATION ENDED BY ITSELF (SIGKILL): it is started again in 250 ms",
  ]);
});

test.each(["process", "group"] as const)(
  "kill -9 of the %s: all of it ends by itself, and the next start on the same ports goes on",
  async (what) => {
    const first = await dev();
    const alice = await checkout.as(first, "alice");
    const placed = await alice.place(basketOf("SKU-003", 1));
    const { application, postmaster } = checkout.pids();
    await first.kill(what);
    const second = await dev(portsOf(first));
    await until("the first is gone", () => hasEnded(application) && hasEnded(postmaster));
    await (await checkout.as(second, "alice")).until(placed.id, "FULFILLING", 20_000);
  },
);

test("an application that outlives its supervisor is ended by the next start", async () => {
  const first = await dev();
  const { application } = checkout.pids();
  // One that cannot notice anything any more.
  process.kill(application, "SIGSTOP");
  await first.kill("process");
  const second = await dev(portsOf(first));
  expect(hasEnded(application)).toBe(true);
  expect(second.output()).toContain(`ending the application ${application} that an earlier process left behind`);
});

test.each([
  ["SIGTERM to the supervisor", "SIGTERM", 1],
  ["Ctrl-C, which reaches the whole group", "SIGINT", -1],
] as const)("%s: one clean stop with code 0, and nothing is left", async (_what, signal, to) => {
  const { pid, output, exited } = await dev();
  const { application, postmaster } = checkout.pids();
  process.kill(to * pid, signal);
  expect(await exited).toBe(0);
  expect([application, postmaster].map(hasEnded)).toEqual([true, true]);
  expect(output().match(/Stopped\. Everything is saved/g)).toHaveLength(1);
  expect(output()).not.toContain("ENDED BY ITSELF");
  expect(remainsIn(checkout.dataDir)).toEqual([]);
});

test("Ctrl-C that comes twice, as under `bun run`: one clean stop with code 0, and nothing is left", async () => {
  const { pid, output, exited } = await dev();
  process.kill(pid, "SIGINT");
  // The stop of the database alone takes longer.
  await Bun.sleep(5);
  process.kill(pid, "SIGINT");
  expect(await exited).toBe(0);
  expect(output().match(/Stopped\. Everything is saved/g)).toHaveLength(1);
  expect(remainsIn(checkout.dataDir)).toEqual([]);
});

test("Ctrl-C at a terminal where `bun run dev` runs: one clean stop, and nothing is left", async () => {
  // Without the installation, which is not this test's.
  const { scripts } = JSON.parse(await readFile(join(checkout.root, "package.json"), "utf8"));
  await checkout.edit("package.json", `"dev": "${scripts.dev}"`, SCRIPT);
  const ports = { PORT: String(await freePort()), INTERNAL_PORT: String(await freePort()) };
  const child = spawn(process.execPath, ["run", "dev", "--data", checkout.dataDir], {
    cwd: checkout.root,
    env: { ...process.env, ...ports, HOST: "127.0.0.1", DATABASE_URL: "" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await until("it is ready", () => output.includes("genai-demo is ready"));
  const { application, postmaster } = checkout.pids();
  process.kill(-(child.pid ?? 0), "SIGINT");
  await closed;
  expect(output.match(/Stopped\. Everything is saved/g)).toHaveLength(1);
  expect([application, postmaster].map(hasEnded)).toEqual([true, true]);
  expect(remainsIn(checkout.dataDir)).toEqual([]);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s to the whole group while the first start makes the database: it ends in order without a complaint",
  async (signal) => {
    const dataDir = join(checkout.root, `first-${signal}`);
    const child = spawn(process.execPath, ["runtime/main.ts", "dev", "--data", dataDir], {
      cwd: checkout.root,
      env: {
        ...process.env,
        PORT: String(await freePort()),
        INTERNAL_PORT: String(await freePort()),
        DATABASE_URL: "",
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    const closed = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
    const drafts = () => {
      const folders = [dataDir, "/var/lib/genai-demo"].filter((folder) => existsSync(folder));
      return folders.flatMap((folder) => readdirSync(folder)).some((name) => name.endsWith(`.draft-${child.pid}`));
    };
    await until("initdb runs", drafts);
    process.kill(-(child.pid ?? 0), signal);
    expect([await closed, output.trim()]).toEqual([
      0,
      "Stopped. Everything is saved; the next start goes on where it was.",
    ]);
    expect(remainsIn(dataDir)).toEqual([]);
    await removeEmbedded({ dataDir, scheduler, log: () => undefined });
  },
);

test("Ctrl-C again, later, while it does not come to an end: it ends at once", async () => {
  const { pid, output, exited } = await dev();
  const { application } = checkout.pids();
  // It does not hear that it is to end.
  process.kill(application, "SIGSTOP");
  process.kill(pid, "SIGINT");
  await Bun.sleep(1_200);
  process.kill(pid, "SIGINT");
  expect(await exited).toBe(130);
  process.kill(application, "SIGCONT");
  await until("the application has ended", () => hasEnded(application));
  expect(output()).not.toContain("Everything is saved");
});

test("--supervised by hand is refused", async () => {
  expect(await refusal(["dev", "--supervised"])).toBe(
    "--supervised is for the application that `dev` itself starts: leave it out",
  );
});

test("it stops also while the application cannot start", async () => {
  const { pid, output, exited } = await dev();
  await checkout.edit("modules/order/saga.ts", "\nexport", "\nconst broken = ;\nexport");
  await until("the error is shown", () => output().includes("the next save starts it again"));
  process.kill(pid, "SIGTERM");
  expect(await exited).toBe(0);
  await checkout.edit("modules/order/saga.ts", "const broken = ;\n", "");
});

test("a save during the very first start: it starts with what was saved, and says once that it is ready", async () => {
  const starting = dev();
  await until("the application is starting", () => checkout.pids().application !== 0);
  await checkout.edit("runtime/edge/welcome-page.ts", "An order platform:", "Saved early:");
  const { url, output } = await starting;
  await until("the page is the new one", async () => (await page(url)).includes("Saved early:"));
  expect(output().match(/genai-demo is ready/g)).toHaveLength(1);
});

test("--no-watch is one process, which a save leaves alone", async () => {
  running = await checkout.dev(["--no-watch"]);
  expect(checkout.pids().application).toBe(0);
  await checkout.edit("modules/order/saga.ts", "\n", "\n\n");
  expect(await page(`${running.url}/health/ready`)).not.toBe("");
  expect(await running.stop()).toBe(0);
  expect(running.output()).not.toContain("restarted");
});
