/** How a process starts, refuses to start, and ends. */
import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basketOf } from "../journeys/client.ts";
import { startTestPlatform } from "../journeys/platform.ts";
import { refusal, runCommand, startProcess } from "../journeys/process.ts";
import { externalShape } from "../journeys/shape.ts";
import { freePort, startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";

const scratch = await mkdtemp(join(tmpdir(), "genai-demo-process-"));
// Open to the account that runs the database for root, so that clusters live in it and go with it.
chmodSync(scratch, 0o755);
afterAll(() => rm(scratch, { recursive: true, force: true }));

const ports = async () => ({
  HOST: "127.0.0.1",
  PORT: String(await freePort()),
  INTERNAL_PORT: String(await freePort()),
});

test("SIGTERM ends it with code 0 within ten seconds, and what was acknowledged is there afterwards", async () => {
  const platform = await startTestPlatform();
  try {
    const alice = await platform.customer("alice");
    const placed = await Promise.all(Array.from({ length: 20 }, () => alice.place(basketOf("SKU-001", 1))));
    const startedMs = performance.now();
    expect(await platform.process.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await platform.restart();
    // The same data directory, so the tokens of before are good.
    const again = await platform.customer("alice");
    for (const { id } of placed) await again.until(id, "FULFILLING", 20_000);
  } finally {
    await platform.stop();
  }
});

test("SIGTERM answers a request that waits for its order, as the order stands; it goes on after the restart", async () => {
  const platform = await startTestPlatform({ PAYMENT_ANSWER_TIMEOUT_MS: "3000" });
  try {
    const alice = await platform.customer("alice");
    const waiting = alice.place(basketOf("SKU-001", 1, "tok_timeout_charged"), { wait: 25 });
    await Bun.sleep(500);
    expect(await platform.process.stop()).toBe(0);
    const order = await waiting;
    expect(["PENDING", "RESERVED"]).toContain(order.status);
    await platform.restart();
    await (await platform.customer("alice")).until(order.id, "FULFILLING", 20_000);
  } finally {
    await platform.stop();
  }
});

test("a second process on the same data directory is refused, and the first goes on", async () => {
  const dataDir = join(scratch, "shared");
  const first = await startProcess(["dev", "--data", dataDir]);
  try {
    const line = await refusal(["dev", "--data", dataDir], await ports());
    expect(line).toContain(dataDir);
    expect(line).toContain(`in use by process ${first.pid}`);
    expect(line).toContain("--data");
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
  } finally {
    await first.stop();
  }
});

test.each(["PORT", "INTERNAL_PORT"])("%s in use is refused, and nothing is left running", async (setting) => {
  const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("mine") });
  const dataDir = join(scratch, `taken-${setting}`);
  try {
    const line = await refusal(["dev", "--data", dataDir], { ...(await ports()), [setting]: String(taken.port) });
    expect(line).toContain(`port ${taken.port}`);
    expect(line).toContain(`set ${setting}`);
  } finally {
    await taken.stop(true);
  }
  // Its database has ended too: the directory is free.
  const next = await startProcess(["dev", "--data", dataDir]);
  expect(await next.stop()).toBe(0);
});

test("a data directory that cannot be written is refused", async () => {
  // Root may write wherever the file system lets it: not into the kernel's own.
  const dataDir = process.getuid?.() === 0 ? "/proc/genai-demo" : join(scratch, "read-only");
  if (!dataDir.startsWith("/proc")) {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o500);
  }
  const line = await refusal(["dev", "--data", dataDir], await ports());
  expect(line).toContain(dataDir);
  expect(line).toContain("--data");
  expect(await refusal(["token", "--role", "customer", "--data", dataDir], {})).toContain(dataDir);
});

test("serve without a database is refused", async () => {
  const line = await refusal(["serve"], { ...(await ports()), DEVELOPMENT_ISSUER: "true" });
  expect(line).toContain("DATABASE_URL");
});

test("all faults of the configuration are named at once", async () => {
  const { code, stderr } = await runCommand(["dev"], { PORT: "70000", LOG_LEVEL: "loud", MODULES: "order,basket" });
  expect(code).not.toBe(0);
  for (const word of ["PORT", "70000", "LOG_LEVEL", "loud", "MODULES", "basket"]) expect(stderr).toContain(word);
});

test("a command that is not there, and a flag that is not there, are refused with code 2", async () => {
  expect((await runCommand(["start"])).code).toBe(2);
  expect((await runCommand(["dev", "--colour", "red"])).code).toBe(2);
});

test("serve on a database that was never migrated says so", async () => {
  const server = await provideOrSkip("serve without migrate", () => startExternalPostgres());
  if (!server) return;
  try {
    const shape = await externalShape(server.url, {}, { migrated: false });
    try {
      const failed = await shape.start().then(
        async (running) => {
          await running.stop();
          return "it started";
        },
        (error: unknown) => String(error),
      );
      expect(failed).toContain("migrate");
      expect(failed).not.toContain("it started");
    } finally {
      await shape.remove();
    }
  } finally {
    await server.stop();
  }
});
