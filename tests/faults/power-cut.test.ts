/** The power is cut under load: what was acknowledged is on the disk. With fsync off it is not, which shows the play. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { basketOf, createClient } from "../journeys/client.ts";
import { tokenOf } from "../journeys/platform.ts";
import { startProcess } from "../journeys/process.ts";
import { freePort } from "../provision/external-postgres.ts";
import { startGuard } from "../provision/guard.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { startBuyers } from "./buyers.ts";
import { judgeSettled, quickViolations } from "./judgement.ts";
import { type CuttableDisk, cuttableDisk } from "./power-cut.ts";
import { FAULTS_ENVIRONMENT, withEmbeddedSql } from "./single-arena.ts";

setDefaultTimeout(120_000);

const LOAD_MS = 3_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function disk(what: string): Promise<CuttableDisk | undefined> {
  const made = await provideOrSkip(what, () => cuttableDisk());
  if (made) cleanups.push(() => made.remove());
  return made;
}

const startOn = async (made: CuttableDisk) => {
  const platform = await startProcess(["dev", "--data", join(made.path, "data")], FAULTS_ENVIRONMENT);
  cleanups.push(() => platform.stop());
  return platform;
};

test("two power cuts under load: every acknowledged order is there and ends right", async () => {
  const made = await disk("a power cut");
  if (!made) return;
  let running: Awaited<ReturnType<typeof startOn>> | undefined = await startOn(made);
  const buyers = await startBuyers({
    seed: 1,
    buyers: 16,
    pauseMs: 60,
    skus: Array.from({ length: 20 }, (_, index) => `SKU-${String(index + 1).padStart(3, "0")}`),
    urls: () => (running === undefined ? [] : [running.url]),
    tokenFor: (customer) => tokenOf(join(made.path, "data"), "customer", customer),
  });
  for (let cuts = 0; cuts < 2; cuts++) {
    await Bun.sleep(LOAD_MS);
    const { pid } = running;
    running = undefined;
    await made.cut([pid]);
    // Tokens of before the cut are good: the buyers go on with them.
    running = await startOn(made);
    await buyers.confirm(30_000);
  }
  await buyers.stop();
  const judged = await withEmbeddedSql(join(made.path, "data"), (sql) => judgeSettled(sql, buyers.placed));
  expect([...buyers.complaints, ...judged.violations]).toEqual([]);
  expect(judged.orders).toBeGreaterThan(100);
});

test("the same cut with fsync off loses acknowledged orders", async () => {
  const made = await disk("a power cut with fsync off");
  if (!made) return;
  // The database itself is made and flushed in order: what is lost is what came after.
  await (await startOn(made)).stop();
  const dataDir = join(made.path, "data");
  const server = Bun.spawn(
    [process.execPath, join(import.meta.dir, "unsynced-server.ts"), dataDir, `${await freePort()}`],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const guard = startGuard('stop "$1" bun', String(server.pid));
  cleanups.push(() => {
    server.kill("SIGKILL");
    return guard.release();
  });
  const { value } = await server.stdout.getReader().read();
  const DATABASE_URL = new TextDecoder().decode(value).trim();
  const platform = await startProcess(["dev"], { ...FAULTS_ENVIRONMENT, DATABASE_URL, DATA_DIR: dataDir });
  cleanups.push(() => platform.stop());
  const client = createClient(platform.url, await tokenOf(dataDir, "customer", "alice"));
  const acknowledged: string[] = [];
  const endMs = performance.now() + LOAD_MS;
  while (performance.now() < endMs) acknowledged.push((await client.place(basketOf("SKU-001", 1))).id);
  await made.cut([platform.pid, server.pid]);
  await startOn(made);
  const found = await withEmbeddedSql(join(made.path, "data"), (sql) => quickViolations(sql, acknowledged));
  expect(found.filter((each) => each.includes("was acknowledged and does not exist")).length).toBeGreaterThan(0);
});
