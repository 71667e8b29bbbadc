import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { isAlive } from "./cache.ts";
import { startExternalPostgres } from "./external-postgres.ts";
import { provideOrSkip } from "./missing.ts";
import { startOwner } from "./owner.fixture.ts";
import { provisionPostgres } from "./postgres.ts";

const tools = await provideOrSkip("tests/provision/external-postgres", provisionPostgres);

test.skipIf(tools === undefined)(
  "a durable PostgreSQL 18 of our own, gone after stop",
  async () => {
    const server = await startExternalPostgres({ alwaysOwn: true, settings: { work_mem: "7MB" } });
    const sql = postgres(server.url, { max: 1 });
    try {
      const rows = await sql`select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'work_mem', 'listen_addresses', 'server_version_num')`;
      const settings = Object.fromEntries(rows.map((row) => [row.name, row.setting]));
      expect(settings).toMatchObject({
        fsync: "on",
        synchronous_commit: "on",
        full_page_writes: "on",
        work_mem: String(7 * 1024),
        listen_addresses: "127.0.0.1",
      });
      expect(Number(settings.server_version_num)).toBeGreaterThanOrEqual(180000);
    } finally {
      await sql.end();
      await server.stop();
      await server.stop();
    }
    expect(server.directory !== undefined && existsSync(server.directory)).toBe(false);
    expect(server.pid !== undefined && isAlive(server.pid)).toBe(false);
  },
  60_000,
);

test.skipIf(tools === undefined)(
  "kill -9 of the process that started it ends the server and removes its cluster",
  async () => {
    const { owner, started: server } = await startOwner<{ pid: number; directory: string }>(`
      const { startExternalPostgres } = await import(${JSON.stringify(join(import.meta.dir, "external-postgres.ts"))});
      const { pid, directory } = await startExternalPostgres({ alwaysOwn: true });
      return { pid, directory };`);
    expect(isAlive(server.pid)).toBe(true);
    owner.kill("SIGKILL");
    await owner.exited;
    const deadline = Date.now() + 10_000;
    while ((isAlive(server.pid) || existsSync(server.directory)) && Date.now() < deadline) await Bun.sleep(50);
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(server.directory)).toBe(false);
  },
  60_000,
);

test("DATABASE_URL is taken as it is and never stopped", async () => {
  const before = process.env.DATABASE_URL;
  process.env.DATABASE_URL = "postgres://somebody@127.0.0.1:1/elsewhere";
  try {
    const server = await startExternalPostgres();
    expect(server.url).toBe("postgres://somebody@127.0.0.1:1/elsewhere");
    expect(server.pid).toBeUndefined();
    await server.stop();
  } finally {
    if (before === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = before;
  }
});
