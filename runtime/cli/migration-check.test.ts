import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrationsOf, staleMigrations } from "./migration-check.ts";

let root = "";
const CHECKOUT = join(import.meta.dir, "..", "..");
const TIMEOUT_MS = 60_000;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "genai-demo-stale-"));
  await symlink(join(CHECKOUT, "node_modules"), join(root, "node_modules"));
  await mkdir(join(root, "modules/payment"), { recursive: true });
});

afterAll(() => rm(root, { recursive: true, force: true }));

const writeStore = (columns: string) =>
  Bun.write(
    join(root, "modules/payment/store.ts"),
    `import { pgTable, text } from "drizzle-orm/pg-core"; export const payment = pgTable("payment", { ${columns} });`,
  );

test(
  "tables without migrations, then current, then changed since",
  async () => {
    await writeStore(`id: text("id").primaryKey()`);
    expect(await staleMigrations(root)).toEqual([expect.stringContaining("no generated migrations")]);

    const generate = [
      "generate",
      "--dialect",
      "postgresql",
      "--schema",
      "modules/payment/store.ts",
      "--out",
      "modules/payment/migrations",
    ];
    const made = Bun.spawnSync([process.execPath, "node_modules/drizzle-kit/bin.cjs", ...generate], { cwd: root });
    expect(made.exitCode).toBe(0);
    expect(await staleMigrations(root)).toEqual([]);

    await writeStore(`id: text("id").primaryKey(), status: text("status")`);
    expect(await staleMigrations(root)).toEqual([expect.stringContaining("has changed since its migrations")]);
  },
  TIMEOUT_MS,
);

test("a side schema has migrations of its own", () => {
  expect(migrationsOf("modules/payment/store.ts")).toBe("modules/payment/migrations");
  expect(migrationsOf("modules/payment/adapters/simulator-ledger.ts")).toBe(
    "modules/payment/adapters/simulator-migrations",
  );
});
