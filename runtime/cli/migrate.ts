import { openDatabaseLogin } from "../compose/iam-logins.ts";
import { masterUrls } from "../compose/master-urls.ts";
import { type MigrateOptions, migrate } from "../database/migrate.ts";
import { migrateWithIam } from "../database/migrate-with-iam.ts";
import type { Module } from "../module.ts";
import { migrateAll } from "../platform.ts";
import { StartError } from "../start-error.ts";
import { flagsOf } from "./arguments.ts";
import { loadConfigHere } from "./run-platform.ts";

export const help = `migrate: bring the schemas of all modules up to date, as the user of the database URL.

  DATABASE_URL=postgres://owner:password@host:5432/db bun run migrate

Creates each module's schema and its role <module>_app. A database that a newer release has migrated is left as it is,
unless that release took away what this one uses (docs/upgrade.md). Exit code 0 when every schema has what this build
needs.

On RDS: with DATABASE_MASTER_SECRET it logs in as the master whose name and password RDS keeps in that secret, at the
host of the URL. With DATABASE_LOGIN=iam it lets each <module>_app in by IAM, and nobody else any more as that user.`;

export const flags = { modules: "string", "database-url": "string" } as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { config } = await loadConfigHere(registry, "migrate", flagsOf(args, flags));
  const modules = registry.filter((module) => config.modules.includes(module.name));
  const urls = await masterUrls(config);
  const urlOf = (module: string) => {
    const url = urls.get(module)?.open();
    if (url) return url;
    throw new StartError(`No database for ${module}: set DATABASE_URL or ${module.toUpperCase()}_DATABASE_URL.`);
  };
  const passwordOf = await openDatabaseLogin(config);
  const say = (line: string) => console.log(line);
  const apply = (options: MigrateOptions) => {
    // An older release that is deployed again, to roll back, runs its own `migrate` first.
    const owned: MigrateOptions = { ...options, newer: "leave" };
    const users = modules
      .filter(({ name }) => options.modules.some((schema) => schema.name === name))
      .map(({ name, sideSchemas }) => ({ module: name, sideSchemas: sideSchemas.map(({ schema }) => schema) }));
    return passwordOf === undefined
      ? migrate(owned)
      : migrateWithIam({ ...owned, users, passwordOf, hasPassword: config.masterSecrets.has(users[0]?.module ?? "") });
  };
  await migrateAll(modules, urlOf, say, apply);
  console.log(`current: ${modules.map((module) => module.name).join(", ")}`);
  return 0;
}
