/** The disk of the data directory fills up under load: orders are refused for the moment, and nothing is lost. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createClient, eventually } from "../journeys/client.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type PlatformProcess, runCommand, startProcess } from "../journeys/process.ts";
import { type Disk, memoryDisk } from "../provision/disk.ts";
import { freePort } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { type Buyers, startBuyers } from "./buyers.ts";
import { judgeSettled } from "./judgement.ts";
import { partsOf } from "./process-tree.ts";
import { FAULTS_ENVIRONMENT, withEmbeddedSql } from "./single-arena.ts";

setDefaultTimeout(120_000);

const DISK_MB = 220;
/** Far below the longest that a request may wait for its batch. */
const ANSWER_WITHIN_MS = 6_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface OnSmallDisk {
  readonly dataDir: string;
  readonly platform: PlatformProcess;
  readonly buyers: Buyers;
  fill(): Promise<void>;
  free(): void;
}

async function disk(what: string): Promise<Disk | undefined> {
  const made = await provideOrSkip(what, () => memoryDisk(DISK_MB));
  if (made) cleanups.push(() => made.remove());
  return made;
}

/** Takes all the room there is. */
async function fill(path: string): Promise<void> {
  const file = await open(join(path, "filler"), "w");
  const block = new Uint8Array(1 << 20);
  try {
    for (;;) if ((await file.write(block)).bytesWritten < block.length) break;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    await file.close();
  }
}

const free = (path: string) => rmSync(join(path, "filler"));

async function underLoad(made: Disk): Promise<OnSmallDisk> {
  const dataDir = join(made.path, "data");
  const platform = await startProcess(["dev", "--data", dataDir], FAULTS_ENVIRONMENT);
  cleanups.push(() => platform.stop());
  const tokenFor = (customer: string) => tokenOf(dataDir, "customer", customer);
  const buyers = await startBuyers({
    seed: 1,
    buyers: 8,
    pauseMs: 100,
    skus: Array.from({ length: 15 }, (_, index) => `SKU-${String(index + 1).padStart(3, "0")}`),
    urls: () => [platform.url],
    tokenFor,
  });
  await Bun.sleep(1_000);
  return {
    dataDir,
    platform,
    buyers,
    fill: () => fill(made.path),
    free: () => free(made.path),
  };
}

/** What readiness says once it answers with `status`; throws when it does not come to that. */
async function readiness({ url }: PlatformProcess, status: number): Promise<string> {
  const look = async () => {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { status: response.status, text: await response.text() };
  };
  const told = await eventually(look, (each) => each.status === status, 20_000);
  expect(told.status).toBe(status);
  return told.text;
}

/** Orders are answered 503, soon; the buyers complain when such an answer does not say when to come back. */
async function expectRefused({ counts, slowestRefusalMs }: Buyers): Promise<void> {
  const before = counts.unavailable;
  await eventually(
    async () => counts.unavailable - before,
    (refused) => refused > 10,
    30_000,
  );
  expect(counts.unavailable - before).toBeGreaterThan(10);
  expect(slowestRefusalMs()).toBeLessThan(ANSWER_WITHIN_MS);
}

/** There is room again: orders flow, and everything that was promised before, meanwhile and after is kept. */
async function expectKept({ dataDir, platform, buyers }: OnSmallDisk): Promise<void> {
  await buyers.confirm(30_000);
  await readiness(platform, 200);
  await buyers.stop();
  const { orders, violations } = await withEmbeddedSql(dataDir, (sql) => judgeSettled(sql, buyers.placed));
  expect([...buyers.complaints, ...violations]).toEqual([]);
  expect(orders).toBeGreaterThan(20);
}

test("no room for rows: 503 with Retry-After, reads go on, readiness says why, and it goes on by itself", async () => {
  const made = await disk("a full disk");
  if (!made) return;
  const scene = await underLoad(made);
  const { platform, buyers } = scene;
  const server = partsOf(platform.pid).server?.pid;
  const promised = buyers.placed.find(({ acknowledged }) => acknowledged.size > 0);
  if (!promised) throw new Error("no order was acknowledged before the disk was full");
  const buyer = createClient(platform.url, await tokenOf(scene.dataDir, "customer", promised.customer));
  await scene.fill();
  await expectRefused(buyers);
  expect(await readiness(platform, 503)).toMatch(/disk of the database is full.*make room/);
  expect((await buyer.stock("SKU-001")).sku).toBe("SKU-001");
  const [id = ""] = promised.acknowledged;
  expect((await buyer.order(id)).id).toBe(id);
  scene.free();
  await expectKept(scene);
  expect(partsOf(platform.pid).server?.pid).toBe(server ?? 0);
});

test("no room for the log of the database: the server dies, is tried again, and comes back when there is room", async () => {
  const made = await disk("a full disk under the database's log");
  if (!made) return;
  const scene = await underLoad(made);
  const { dataDir, platform } = scene;
  await scene.fill();
  // Writes into the log alone, until it needs another file for which there is no room.
  await withEmbeddedSql(dataDir, async (sql) => {
    for (let n = 0; n < 100; n++) await sql`select pg_logical_emit_message(false, 'test', repeat('x', 1000000))`;
  }).then(
    () => {
      throw new Error("the database survived a full log");
    },
    () => undefined,
  );
  const lines = () =>
    platform
      .output()
      .split("\n")
      .filter((line) => line.includes("did not come back"));
  expect(
    await eventually(
      async () => lines().length,
      (count) => count > 0,
      20_000,
    ),
  ).toBeGreaterThan(0);
  await expectRefused(scene.buyers);
  await readiness(platform, 503);
  await Bun.sleep(5_000);
  expect(lines()[0]).toMatch(/make room on that disk/);
  // Each attempt may meet the full disk elsewhere: numbers aside, nothing is said twice.
  const said = lines().map((line) => line.slice(line.indexOf("tried again and again")).replace(/\d+/g, ""));
  expect(said).toEqual([...new Set(said)]);
  scene.free();
  await expectKept(scene);
});

test("a start on a full disk is refused in one line, and is good again when there is room", async () => {
  const made = await disk("a start on a full disk");
  if (!made) return;
  const dataDir = join(made.path, "data");
  const ports = { HOST: "127.0.0.1", PORT: String(await freePort()), INTERNAL_PORT: String(await freePort()) };
  const refusal = async () => {
    const { code, stdout, stderr } = await runCommand(["dev", "--data", dataDir], {
      DATABASE_URL: undefined,
      ...ports,
    });
    const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.trim() !== "");
    expect([code, lines]).toEqual([1, [expect.stringMatching(/make room/)]]);
  };
  await fill(made.path);
  await refusal();
  free(made.path);
  const first = await startProcess(["dev", "--data", dataDir]);
  await first.stop();
  await fill(made.path);
  await refusal();
  free(made.path);
  const second = await startProcess(["dev", "--data", dataDir]);
  expect(await second.stop()).toBe(0);
});
