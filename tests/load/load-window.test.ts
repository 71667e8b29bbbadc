import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { isAlive } from "../provision/cache.ts";
import { type ExternalPostgres, freePort, startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionPostgres } from "../provision/postgres.ts";
import { cpuIsReadable, treeCpuMs } from "./cpu.ts";
import { openWork, waitUntilDrained } from "./drain.ts";
import { loadWindow } from "./load-window.ts";
import { measureCommitMs, prepareReference, runReference } from "./pgbench.ts";
import { startServing } from "./process.ts";
import { resetStatements, STATEMENT_SETTINGS, statementTable } from "./profile.ts";

const tools = await provideOrSkip("tests/load on PostgreSQL", provisionPostgres);
const TIMEOUT_MS = 60_000;
let server: ExternalPostgres;
let sql: Sql;
let scratch = "";

beforeAll(async () => {
  if (tools === undefined) return;
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-load-test-"));
  server = await startExternalPostgres({ alwaysOwn: true, settings: STATEMENT_SETTINGS });
  sql = postgres(server.url, { max: 2, onnotice: () => undefined });
  await sql.unsafe(`create schema "order"`);
  await sql.unsafe(
    `create table "order".orders (id text primary key, status text not null, created_at timestamptz(3) not null default now())`,
  );
  await sql.unsafe(`insert into "order".orders values ('of an earlier run', 'CONFIRMED', now() - interval '1 minute')`);
  await sql.unsafe(`create table "order".outbox (key text primary key)`);
  await sql.unsafe(`create table "order".timer (due_at timestamptz not null)`);
  await sql.unsafe(`create table "order".call_intent (id text primary key)`);
  await sql.unsafe(`create table "order".dead_letter (key text primary key)`);
}, TIMEOUT_MS);

afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await server?.stop();
  if (scratch !== "") await rm(scratch, { recursive: true, force: true });
}, TIMEOUT_MS);

async function withStandIn<T>(mode: string, use: (target: Parameters<typeof loadWindow>[0]) => Promise<T>): Promise<T> {
  const port = await freePort();
  const standIn = await startServing({
    argv: [process.execPath, join(import.meta.dir, "stand-in.ts")],
    cwd: join(import.meta.dir, "..", ".."),
    env: { ...process.env, MODE: mode, PORT: String(port), DATABASE_URL: server.url },
    logFile: join(scratch, `${mode}.log`),
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
    readyTimeoutMs: 20_000,
  });
  try {
    return await use({ port, tokens: ["a", "b"], sql, app: { platform: standIn.pid }, databasePid: server.pid ?? 0 });
  } finally {
    expect(await standIn.stop()).toBe(0);
    expect(isAlive(standIn.pid)).toBe(false);
  }
}

const plan = { durationMs: 700, connections: 8, skus: ["BENCH-00001", "BENCH-00002", "BENCH-00003"] };

test.skipIf(tools === undefined)(
  "a window counts what the database holds and lasts until nothing is left to do",
  async () => {
    await withStandIn("honest", async (target) => {
      await resetStatements(sql);
      const window = await loadWindow(target, plan);
      expect(window.completed).toBe(window.load.confirmed);
      expect(window.completed).toBeGreaterThan(20);
      expect(window.seconds).toBeGreaterThan(0.9);
      expect(window.completedPerSecond).toBeCloseTo(window.completed / window.seconds, 5);
      if (cpuIsReadable) {
        expect(window.appCpuMs).toBeGreaterThan(0);
        expect(window.databaseCpuMs).toBeGreaterThan(0);
        expect(window.cpuMsByProcess).toEqual({ platform: window.appCpuMs, database: window.databaseCpuMs });
      }
      expect(await openWork(sql)).toEqual({ outbox: 0, timersDue: 0, callIntents: 0, deadLetters: 0 });
      expect(await statementTable(sql, window.completed)).toContain(`insert into "order".outbox`);
    });
  },
  TIMEOUT_MS,
);

test.skipIf(tools === undefined)(
  "an answer of CONFIRMED that is not in the database spoils the run",
  async () => {
    const lost = withStandIn("forgets", (target) => loadWindow(target, plan));
    await expect(lost).rejects.toThrow("orders were lost");
  },
  TIMEOUT_MS,
);

test.skipIf(tools === undefined)(
  "a parked message spoils the run",
  async () => {
    const parked = withStandIn("parks", (target) => loadWindow(target, plan));
    await expect(parked).rejects.toThrow("were parked");
    await sql.unsafe(`delete from "order".dead_letter`);
  },
  TIMEOUT_MS,
);

test.skipIf(tools === undefined)("open work is waited for; only timers that are due count", async () => {
  await sql.unsafe(`insert into "order".timer values (now() + interval '1 hour')`);
  await waitUntilDrained(sql, 100);
  await sql.unsafe(`insert into "order".call_intent values ('open')`);
  await expect(waitUntilDrained(sql, 100)).rejects.toThrow('"callIntents":1');
  await sql.unsafe(`delete from "order".call_intent`);
  await sql.unsafe(`insert into "order".timer values (now())`);
  await expect(waitUntilDrained(sql, 100)).rejects.toThrow('"timersDue":1');
  await sql.unsafe(`delete from "order".timer`);
  await expect(waitUntilDrained(sql, 100, async () => false)).rejects.toThrow("or messages on their way");
  // A message that was handled while the other places were looked at.
  const looks = [true, false, true, true];
  await waitUntilDrained(sql, 5_000, async () => looks.shift() ?? false);
  expect(looks).toEqual([]);
});

test.skipIf(tools === undefined)(
  "the yardstick runs and completes its orders; one commit alone is measured",
  async () => {
    if (tools === undefined) return;
    await prepareReference(tools, server.url, 100);
    const reference = await runReference(tools, server.url, 100, 1);
    expect(reference.orders).toBeGreaterThan(10);
    const [row] = await sql`select count(*)::int as orders from reference.orders where status = 'CONFIRMED'`;
    expect(row?.orders).toBe(reference.orders);
    const commitMs = await measureCommitMs(tools, server.url, 1);
    expect(commitMs).toBeGreaterThan(0.01);
    expect(commitMs).toBeLessThan(1000);
  },
  TIMEOUT_MS,
);

test.skipIf(!cpuIsReadable)(
  "CPU is summed over a process and its children, ended ones too",
  async () => {
    const busy = "const end = process.cpuUsage().user + 300000; while (process.cpuUsage().user < end);";
    const parent = Bun.spawn(
      [
        process.execPath,
        "-e",
        `Bun.spawnSync([process.execPath, "-e", ${JSON.stringify(busy)}]); console.log("done"); await Bun.sleep(20000);`,
      ],
      { stdout: "pipe" },
    );
    try {
      await parent.stdout.getReader().read();
      const cpuMs = treeCpuMs(parent.pid);
      expect(cpuMs).toBeGreaterThan(250);
      expect(cpuMs).toBeLessThan(5000);
    } finally {
      parent.kill("SIGKILL");
      await parent.exited;
    }
  },
  TIMEOUT_MS,
);
