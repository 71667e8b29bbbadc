/** Whether each module's generated migrations are what its tables say: nothing would be generated any more. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { Glob } from "bun";

const GENERATE_TIMEOUT_MS = 60_000;

interface Tables {
  /** The file that declares them. */
  readonly schema: string;
  readonly migrations: string;
}

/** What is not current, a line each. Generation happens in a copy; the checkout is not touched. */
export async function staleMigrations(root: string): Promise<string[]> {
  const faults: string[] = [];
  for await (const schema of new Glob("modules/**/*.ts").scan({ cwd: root })) {
    if (schema.endsWith(".test.ts") || schema.includes("node_modules")) continue;
    if (!(await readFile(join(root, schema), "utf8")).includes("pgTable(")) continue;
    const fault = await staleIn(root, { schema, migrations: migrationsOf(schema) });
    if (fault !== undefined) faults.push(fault);
  }
  return faults.sort();
}

/** `store.ts` has `migrations/` beside it; a side schema's `simulator-ledger.ts` has `simulator-migrations/`. */
export function migrationsOf(schema: string): string {
  const stem = basename(schema, ".ts").replace(/-?(?:store|ledger|tables)$/, "");
  return join(dirname(schema), stem === "" ? "migrations" : `${stem}-migrations`);
}

async function staleIn(root: string, { schema, migrations }: Tables): Promise<string | undefined> {
  const remedy = `bunx drizzle-kit generate --dialect postgresql --schema ${schema} --out ${migrations}`;
  if (!existsSync(join(root, migrations, "meta/_journal.json"))) {
    return `${schema} has tables but no generated migrations: ${remedy}`;
  }
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-migrations-"));
  try {
    const out = join(directory, "migrations");
    await cp(join(root, migrations), out, { recursive: true });
    const before = await journalLength(out);
    const config = join(directory, "drizzle.config.json");
    // drizzle-kit puts `./` before the output path, so it must be a relative one.
    const settings = { dialect: "postgresql", schema: `./${schema}`, out: relative(root, out) };
    await writeFile(config, JSON.stringify(settings));
    const child = Bun.spawn(
      [process.execPath, "node_modules/drizzle-kit/bin.cjs", "generate", "--name", "probe", "--config", config],
      { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: GENERATE_TIMEOUT_MS },
    );
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    const failed = (await child.exited) !== 0 || !/nothing to migrate|migration file/.test(stdout);
    if (failed) return `${schema}: drizzle-kit could not tell:\n${(stdout + stderr).trim().slice(-1500)}`;
    return (await journalLength(out)) === before ? undefined : `${schema} has changed since its migrations: ${remedy}`;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function journalLength(migrations: string): Promise<number> {
  const journal: { entries: readonly unknown[] } = JSON.parse(
    await readFile(join(migrations, "meta/_journal.json"), "utf8"),
  );
  return journal.entries.length;
}
