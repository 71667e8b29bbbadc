/**
 * What a database holds for each module, and how that compares with this build. Read only; `migrate.ts` acts on it.
 */
import { createHash } from "node:crypto";
import { StartError } from "../start-error.ts";
import { arrayLiteral } from "./array-literal.ts";
import type { Link } from "./link.ts";
import { quoteIdentifier } from "./postgres.ts";

/**
 * One step of a schema; `id` is unique in its module and `sql` never changes once released. A name before the number
 * (`core_0002`) is a line of steps of its own: what is added to one line at its end may come after steps of another
 * that a database has run already.
 */
export interface Migration {
  readonly id: string;
  readonly sql: string;
}

export interface ModuleMigrations {
  /** The module, its schema and the first part of its role's name. */
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** The role that a module's connections take on. */
export const roleOf = (module: string): string => `${module}_app`;

/** The fingerprint under which a migration is recorded; line ends do not count. */
export const fingerprint = (sql: string): string =>
  createHash("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex");

export interface Applied {
  readonly id: string;
  readonly sha256: string;
  /** The migration that a build must know to go on using the schema after this one; null: any build may. */
  readonly needs: string | null;
}

export interface ModuleState {
  readonly hasSchema: boolean;
  readonly hasRecord: boolean;
  readonly hasRole: boolean;
  /** The URL's user may take on the module's role. */
  readonly canSetRole: boolean;
  /** The role may use the schema. */
  readonly hasGrants: boolean;
  readonly applied: readonly Applied[];
}

export interface DatabaseState {
  readonly user: string;
  readonly database: string;
  readonly mayCreateRole: boolean;
  readonly mayCreateSchema: boolean;
  readonly modules: ReadonlyMap<string, ModuleState>;
}

/** pg_has_role knows SET, and roles carry it, since this version. */
const OLDEST_SERVER = 160_000;

const MODULES_SQL = `
select m.name, n.oid is not null as has_schema, r.oid is not null as has_role,
  to_regclass(quote_ident(m.name) || '.schema_migration') is not null as has_record,
  exists (select from pg_attribute a where a.attrelid = to_regclass(quote_ident(m.name) || '.schema_migration')
    and a.attname = 'needs' and not a.attisdropped) as has_needs,
  coalesce(pg_has_role(current_user, r.oid, 'SET'), false) as can_set_role,
  coalesce(has_schema_privilege(r.oid, n.oid, 'USAGE'), false) as has_grants
from unnest($1::text[]) as m(name)
left join pg_namespace n on n.nspname = m.name
left join pg_roles r on r.rolname = m.name || '_app'`;

const SERVER_SQL = `
select current_setting('server_version_num')::int as version, current_user::text as user_name,
  current_database()::text as database_name, rolsuper or rolcreaterole as may_create_role,
  has_database_privilege(current_database(), 'CREATE') as may_create_schema
from pg_roles where rolname = current_user`;

/** Reads all of it in three round trips at most. */
export async function readState(link: Link, names: readonly string[]): Promise<DatabaseState> {
  const [server, modules] = await Promise.all([
    link.send({ text: SERVER_SQL, params: [] }),
    link.send({ text: MODULES_SQL, params: [arrayLiteral(names)] }),
  ]);
  const facts = server.rows[0] ?? {};
  const version = Number(facts["version"]);
  if (!(version >= OLDEST_SERVER)) {
    throw new StartError(`The database server is PostgreSQL ${Math.floor(version / 10_000)}: it must be 16 or newer`);
  }
  const recorded = modules.rows.filter((row) => row["has_record"] === true);
  const applied = await readApplied(
    link,
    recorded.map((row) => ({ name: String(row["name"]), hasNeeds: row["has_needs"] === true })),
  );
  return {
    user: String(facts["user_name"]),
    database: String(facts["database_name"]),
    mayCreateRole: facts["may_create_role"] === true,
    mayCreateSchema: facts["may_create_schema"] === true,
    modules: new Map(
      modules.rows.map((row) => {
        const name = String(row["name"]);
        const state: ModuleState = {
          hasSchema: row["has_schema"] === true,
          hasRecord: row["has_record"] === true,
          hasRole: row["has_role"] === true,
          canSetRole: row["can_set_role"] === true,
          hasGrants: row["has_grants"] === true,
          applied: applied.get(name) ?? [],
        };
        return [name, state];
      }),
    ),
  };
}

async function readApplied(
  link: Link,
  /** Those of the first releases do not say what each migration needs. */
  records: readonly { readonly name: string; readonly hasNeeds: boolean }[],
): Promise<Map<string, Applied[]>> {
  const found = new Map<string, Applied[]>(records.map(({ name }) => [name, []]));
  if (records.length === 0) return found;
  const parts = records.map(
    ({ name, hasNeeds }, index) =>
      `select ${index} as module, id, sha256, position, ${hasNeeds ? "needs" : "null::text as needs"} from ${quoteIdentifier(name)}.schema_migration`,
  );
  const { rows } = await link.send({ text: `${parts.join(" union all ")} order by module, position`, params: [] });
  for (const row of rows) {
    const { name = "" } = records[Number(row["module"])] ?? {};
    const needs = row["needs"] === null ? null : String(row["needs"]);
    found.get(name)?.push({ id: String(row["id"]), sha256: String(row["sha256"]), needs });
  }
  return found;
}

export interface Comparison {
  /** What the database does not have yet, in order. */
  readonly missing: readonly Migration[];
  /** What the database has and this build does not know. */
  readonly unknown: readonly string[];
  /** The first of the unknown that took away what this build uses; null: it can use the database. */
  readonly contracted: Applied | null;
}

/** Compares a module with its database; throws a `StartError` when their histories contradict each other. */
export function compare({ name, migrations }: ModuleMigrations, applied: readonly Applied[]): Comparison {
  const known = new Set(migrations.map(({ id }) => id));
  const unknown = applied.filter(({ id }) => !known.has(id));
  const recorded = applied.filter(({ id }) => known.has(id));
  const lines = Map.groupBy(migrations, ({ id }) => lineOf(id));
  const next = new Map<string, number>();
  for (const { id, sha256 } of recorded) {
    const line = lineOf(id);
    const index = next.get(line) ?? 0;
    next.set(line, index + 1);
    const migration = lines.get(line)?.[index];
    if (migration === undefined || migration.id !== id) {
      throw new StartError(
        `The database of "${name}" ran migration ${id} where this build has ${migration?.id}: migrations are only ever added at the end; restore their order`,
      );
    }
    if (fingerprint(migration.sql) !== sha256) {
      throw new StartError(
        `Migration ${id} of "${name}" was changed after it ran on this database: restore its text and put the change into a new migration`,
      );
    }
  }
  const done = new Set(recorded.map(({ id }) => id));
  return {
    missing: migrations.filter(({ id }) => !done.has(id)),
    unknown: unknown.map(({ id }) => id),
    contracted: unknown.find(({ needs }) => needs !== null && !known.has(needs)) ?? null,
  };
}

const lineOf = (id: string) => /^([a-z]+)_\d/.exec(id)?.[1] ?? "";
