import { migrate } from "../database/migrate.ts";
import type { Module } from "../module.ts";
import { migrateAll } from "../platform.ts";
import { StartError } from "../start-error.ts";
import { flagsOf } from "./arguments.ts";
import { loadConfigHere } from "./run-platform.ts";

export const help = `migrate: bring the schemas of all modules up to date, as the user of the database URL.

  DATABASE_URL=postgres://owner:password@host:5432/db bun run migrate

Creates each module's schema and its role <module>_app. A database that a newer release has migrated is left as it is,
unless that release took away what this one uses (docs/upgrade.md). Exit code 0 when every schema has what this build
needs.`;

export const flags = { modules: "string", "database-url": "string" } as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { config } = loadConfigHere(registry, "migrate", flagsOf(args, flags));
  const modules = registry.filter((module) => config.modules.includes(module.name));
  const urlOf = (module: string) => {
    const url = config.databaseUrls.get(module)?.open();
    if (url) return url;
    throw new StartError(`No database for ${module}: set DATABASE_URL or ${module.toUpperCase()}_DATABASE_URL.`);
  };
  // An older release that is deployed again, to roll back, runs its own `migrate` first.
  const orLeave: typeof migrate = (options) => migrate({ ...options, newer: "leave" });
  await migrateAll(modules, urlOf, (line) => console.log(line), orLeave);
  console.log(`current: ${modules.map((module) => module.name).join(", ")}`);
  return 0;
}
