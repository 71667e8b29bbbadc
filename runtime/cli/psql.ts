/**
 * `psql MODULE`: PostgreSQL's own shell in a module's database, with the role and the search_path that the module's
 * connections have. It goes to the database URL where one is given, else to the server of a running `dev`, else it
 * starts that server for as long as the shell runs. Passwords travel in the shell's environment, never in its command
 * line, which every user of the machine can read.
 */
import { dirname } from "node:path";
import type { PlatformConfig } from "../config/settings.ts";
import { parseConnectionUrl } from "../database/connection-url.ts";
import { findCluster } from "../database/embedded/data-directory.ts";
import { type EmbeddedServer, runningServerUrl, startEmbedded } from "../database/embedded.ts";
import { openDatabase, quoteIdentifier } from "../database/postgres.ts";
import { roleOf } from "../database/schema-state.ts";
import { unusable } from "../database/unusable.ts";
import { messageOf } from "../error-text.ts";
import type { Module } from "../module.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { flagsOf, UsageError } from "./arguments.ts";
import { loadConfigHere } from "./run-platform.ts";

export const help = `psql MODULE [--data DIR] [--database-url URL] [-- ARGUMENTS]: a shell into a module's database.

  bun run psql order
  bun run psql order -- -c 'select count(*) from orders'
  bun run psql payment_simulator --data /tmp/demo

MODULE is a module, or a schema that a module has beside its own. The shell has the module's role, so it can change data
and nothing else. Arguments after -- go to psql.

  --data DIR          the data directory of \`dev\` (DATA_DIR, .data); \`dev\` may be running or not
  --database-url URL  another PostgreSQL (DATABASE_URL, <MODULE>_DATABASE_URL)

psql is taken from the PATH; where there is none, it is downloaded once (needs Python's pip). Exit code: that of psql.`;

export const flags = { data: "string", "database-url": "string" } as const;

/** Its first word: every schema of the platform. */
export const words = (registry: readonly Module[]) => [...schemasIn(registry).keys()];

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const separator = args.indexOf("--");
  const [name, ...own] = separator === -1 ? args : args.slice(0, separator);
  const schemas = schemasIn(registry);
  const names = [...schemas.keys()].join(", ");
  if (name === undefined || name.startsWith("-")) throw new UsageError(`psql needs a module, one of ${names}`);
  const module = schemas.get(name);
  if (module === undefined) throw new UsageError(`there is no module ${name}; there are ${names}`);
  const { config } = await loadConfigHere(registry, "dev", { ...flagsOf(own, flags), modules: "all" });
  const program = await findPsql();
  const { url, server } = await reach(config, module);
  try {
    await refuseWithoutSchema(url, name);
    return await shell(program, separator === -1 ? [] : args.slice(separator + 1), environmentOf(url, name));
  } finally {
    await server?.stop();
  }
}

/** Every schema with the module it belongs to. */
const schemasIn = (registry: readonly Module[]) =>
  new Map(
    registry.flatMap(({ name, sideSchemas }) =>
      [name, ...sideSchemas.map(({ schema }) => schema)].map((each) => [each, name]),
    ),
  );

async function reach(
  config: PlatformConfig<string>,
  module: string,
): Promise<{ url: string; server?: EmbeddedServer }> {
  const given = config.databaseUrls.get(module);
  if (given) return { url: given.open() };
  const { dataDir } = config;
  const running = runningServerUrl(dataDir);
  if (running !== null) return { url: running };
  if (findCluster(dataDir) === null)
    throw new StartError(
      `There is no data in ${dataDir} yet: start \`dev\` once, or name its directory with --data DIR`,
    );
  const server = await startEmbedded({ dataDir, scheduler, log: (line) => console.error(line) });
  return { url: server.url, server };
}

async function refuseWithoutSchema(url: string, schema: string): Promise<void> {
  const target = parseConnectionUrl(url);
  const database = openDatabase({ url, schema: "pg_catalog", role: null, scheduler, poolSize: 1 });
  try {
    const text = `select to_regnamespace($1) is not null and to_regrole($2) is not null as is_there`;
    const params = [quoteIdentifier(schema), roleOf(schema)];
    const [row] = await database.query({ text, params });
    if (row?.["is_there"] === true) return;
  } catch (error) {
    throw unusable(target, error);
  } finally {
    await database.close();
  }
  throw new StartError(
    `The database "${target.database}" has nothing of ${schema} yet: run \`migrate\`, or \`dev\`, first`,
  );
}

async function findPsql(): Promise<string> {
  const found = Bun.which("psql");
  if (found !== null) return found;
  try {
    const { provisionPostgres } = await import("../../tests/provision/postgres.ts");
    return `${(await provisionPostgres()).binDir}/psql`;
  } catch (error) {
    // In an executable: what downloads it is a part of the checkout.
    const [reason] = messageOf(error).split("\n");
    throw new StartError(
      `There is no psql on the PATH, and none could be downloaded (${reason}): install PostgreSQL's client (Debian: apt-get install postgresql-client; macOS: brew install libpq)`,
      { cause: error },
    );
  }
}

function environmentOf(url: string, schema: string): Record<string, string | undefined> {
  const { host, port, user, password, database, socketPath, tls } = parseConnectionUrl(url);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PG") || name === "PGPASSFILE");
  return {
    ...Object.fromEntries(inherited),
    PGHOST: socketPath === null ? host : dirname(socketPath),
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password.open() || undefined,
    PGDATABASE: database,
    // As the platform itself connects: TLS is checked in full, or not used.
    PGSSLMODE: tls === null ? "disable" : "verify-full",
    PGSSLROOTCERT: tls === null ? undefined : (new URL(url).searchParams.get("sslrootcert") ?? "system"),
    PGAPPNAME: "genai-demo psql",
    PGOPTIONS: `-c role=${roleOf(schema)} -c search_path=${quoteIdentifier(schema)}`,
  };
}

async function shell(
  program: string,
  args: readonly string[],
  env: Record<string, string | undefined>,
): Promise<number> {
  // Ctrl-C is for the shell, which drops its current statement and goes on.
  process.on("SIGINT", () => undefined);
  const child = Bun.spawn([program, ...args], { env, stdio: ["inherit", "inherit", "inherit"] });
  process.once("SIGTERM", () => child.kill("SIGTERM"));
  return child.exited;
}
