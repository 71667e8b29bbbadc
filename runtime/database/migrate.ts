/**
 * Brings the modules' schemas up to date, as the user of the database URL.
 *
 * Each migration runs once, in order, in a transaction of its own that also records it and renews the rights of the
 * module's role; so a crash leaves it either done or not begun, and the next run goes on from there. One that builds
 * indexes while others read and write runs outside of a transaction, again from its beginning after a crash
 * (`online-migration.ts`). An advisory lock lets one process migrate at a time. A database that is current is left alone
 * without taking the lock. What cannot be done is refused with one line that says what to do. Only a server that is
 * starting itself is waited for: after a crash of everything, whoever supervises this process would try again later than
 * that server is there.
 */

import { messageOf } from "../error-text.ts";
import { type Scheduler, systemScheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import { neededBy } from "./contracting-migration.ts";
import { type Link, openLink, type PasswordOf } from "./link.ts";
import { isOnline, onlineSteps, runOnline } from "./online-migration.ts";
import { DatabaseError, type Parameter } from "./port.ts";
import { quoteIdentifier } from "./postgres.ts";
import {
  type Applied,
  compare,
  type DatabaseState,
  fingerprint,
  type Migration,
  type ModuleMigrations,
  type ModuleState,
  readState,
  roleOf,
} from "./schema-state.ts";
import { unusable } from "./unusable.ts";

export interface MigrateOptions {
  /** The user that owns the schemas. */
  readonly url: string;
  /** In the place of the URL's password. */
  readonly passwordOf?: PasswordOf;
  readonly modules: readonly ModuleMigrations[];
  readonly log: (line: string) => void;
  readonly scheduler?: Scheduler;
  /** What `migrate` does with a database that a newer build has migrated and that this one can use: it refuses. */
  readonly newer?: "refuse" | "leave";
}

/** Any constant will do, as long as it stays the same. */
const ADVISORY_LOCK = 7_301_961;
const LOCK_WAIT_MS = 120_000;
const LOCK_PAUSE_MS = 50;
const MIGRATION_LIMIT_MS = 30 * 60_000;
const FIRST_ANSWER_MS = 10_000;
/** How long a server may say that it is starting or recovering. */
const SERVER_START_WAIT_MS = 30_000;
const SERVER_START_PAUSE_MS = 250;
/** cannot_connect_now */
const SERVER_STARTING = "57P03";
/** A migration that waits for a table blocks everybody who comes after it: it must give up soon. */
const TABLE_LOCK_WAIT_MS = 10_000;

/** Brings every module's schema up to date. Throws a `StartError`. */
export async function migrate(options: MigrateOptions): Promise<void> {
  checkModules(options.modules);
  await withLink(options, async (link) => {
    if (isCurrent(options.modules, await readState(link, namesOf(options)))) return;
    await takeLock(link, options.scheduler ?? systemScheduler);
    const state = await readState(link, namesOf(options));
    for (const module of options.modules) refuseNewer(module, state, options);
    refuseWithoutRights(options.modules, state);
    for (const module of options.modules)
      if (!hasAll(module, state)) await migrateModule(link, module, state, options.log);
  });
}

/**
 * Checks without changing anything that every module's schema has what this build needs. Throws a `StartError`.
 * A schema that is ahead passes, unless a migration took away what this build uses: while a release rolls out,
 * processes of the earlier one must still be able to start.
 */
export async function verifySchema(options: MigrateOptions): Promise<void> {
  checkModules(options.modules);
  const state = await stateNow(options);
  for (const module of options.modules) {
    const { missing, unknown, contracted } = compare(module, stateOf(state, module.name).applied);
    if (contracted !== null) throw contractedError(module, contracted);
    const [next] = missing;
    if (next !== undefined) {
      throw new StartError(
        `The database of "${module.name}" lacks ${missing.length} migrations, the first is ${next.id}: run \`migrate\` first`,
      );
    }
    if (!stateOf(state, module.name).canSetRole) {
      throw new StartError(
        `The user "${state.user}" cannot take on the role ${roleOf(module.name)}: run \`migrate\` first`,
      );
    }
    if (unknown.length > 0) options.log(aheadBy(module, unknown));
  }
}

/** Over one connection, which a start waits for. */
async function stateNow(options: MigrateOptions): Promise<DatabaseState> {
  try {
    return await untilStarted(
      () => ask(openTo(options, FIRST_ANSWER_MS), (link) => readState(link, namesOf(options))),
      options,
    );
  } catch (error) {
    throw unusable(parseConnectionUrl(options.url), error);
  }
}

const namesOf = ({ modules }: MigrateOptions) => modules.map(({ name }) => name);

const ABSENT: ModuleState = {
  hasSchema: false,
  hasRecord: false,
  hasRole: false,
  canSetRole: false,
  hasGrants: false,
  applied: [],
};

const stateOf = (state: DatabaseState, name: string): ModuleState => state.modules.get(name) ?? ABSENT;

function checkModules(modules: readonly ModuleMigrations[]): void {
  const names = modules.map(({ name }) => name);
  for (const name of names) {
    if (!/^[a-z][a-z0-9_]{0,40}$/.test(name)) throw new StartError(`"${name}" cannot be the name of a schema`);
  }
  if (new Set(names).size !== names.length) throw new StartError(`A module is listed twice: ${names.join(", ")}`);
  for (const { name, migrations } of modules) {
    if (new Set(migrations.map(({ id }) => id)).size === migrations.length) continue;
    throw new StartError(`Two migrations of "${name}" have the same id: rename one that has not been released`);
  }
}

const isCurrent = (modules: readonly ModuleMigrations[], state: DatabaseState): boolean =>
  modules.every(
    (module) => hasAll(module, state) && compare(module, stateOf(state, module.name).applied).unknown.length === 0,
  );

/** What this build needs is there; a newer one's may be there as well. */
function hasAll(module: ModuleMigrations, state: DatabaseState): boolean {
  const { applied, canSetRole, hasGrants, hasRecord } = stateOf(state, module.name);
  return hasRecord && canSetRole && hasGrants && compare(module, applied).missing.length === 0;
}

/** Refuses, or says that it leaves it as it is. */
function refuseNewer(module: ModuleMigrations, state: DatabaseState, { newer, log }: MigrateOptions): void {
  const { missing, unknown, contracted } = compare(module, stateOf(state, module.name).applied);
  const [first] = unknown;
  if (contracted !== null) throw contractedError(module, contracted);
  if (first === undefined) return;
  const [lacking] = missing;
  if (lacking !== undefined)
    throw new StartError(
      `The database of "${module.name}" has migration ${first}, which this build does not know, and lacks ${lacking.id}: start a build that has both`,
    );
  if (newer !== "leave")
    throw new StartError(
      `The database of "${module.name}" is newer than this build (it has migration ${first}): start the newer build`,
    );
  log(aheadBy(module, unknown));
}

const aheadBy = ({ name }: ModuleMigrations, unknown: readonly string[]) =>
  `the database of ${name} is ahead of this build by ${unknown.join(", ")}`;

const contractedError = ({ name }: ModuleMigrations, { id, needs }: Applied) =>
  new StartError(
    `The database of "${name}" is newer than this build can use (its migration ${id} needs a build that has ${needs}): start the newer build`,
  );

/** Refuses before anything is changed, with all the SQL that somebody with more rights must run. */
function refuseWithoutRights(modules: readonly ModuleMigrations[], state: DatabaseState): void {
  const lacking: string[] = [];
  const user = quoteIdentifier(state.user);
  for (const { name } of modules) {
    const { hasSchema, hasRole, canSetRole } = stateOf(state, name);
    const role = quoteIdentifier(roleOf(name));
    if (!hasRole && !state.mayCreateRole) lacking.push(`create role ${role};`);
    if (!canSetRole && !state.mayCreateRole) lacking.push(`grant ${role} to ${user};`);
    if (!hasSchema && !state.mayCreateSchema) {
      lacking.push(`create schema ${quoteIdentifier(name)} authorization ${user};`);
    }
  }
  if (lacking.length === 0) return;
  throw new StartError(
    `The user "${state.user}" lacks rights on the database "${state.database}". Run as its administrator: ${lacking.join(" ")}`,
  );
}

async function migrateModule(
  link: Link,
  module: ModuleMigrations,
  state: DatabaseState,
  log: (line: string) => void,
): Promise<void> {
  const found = stateOf(state, module.name);
  const role = quoteIdentifier(roleOf(module.name));
  const schema = quoteIdentifier(module.name);
  if (!found.hasRole) await createRole(link, role);
  if (!found.canSetRole) await grantRole(link, role, state.user);
  if (!found.hasRecord) {
    await inTransaction(link, async (run) => {
      if (!found.hasSchema) await run(`create schema ${schema}`);
      await run(
        `create table ${schema}.schema_migration (id text primary key, sha256 text not null, position integer not null unique, needs text)`,
      );
    });
  }
  const { missing } = compare(module, found.applied);
  const done = module.migrations.length - missing.length;
  for (const [index, migration] of missing.entries()) {
    await apply(link, module.name, migration, done + index + 1);
    log(`${module.name}: ${migration.id}`);
  }
  if (missing.length === 0) await inTransaction(link, (run) => run(grantsFor(module.name)));
}

async function apply(link: Link, module: string, migration: Migration, position: number): Promise<void> {
  const schema = quoteIdentifier(module);
  const online = isOnline(migration.sql);
  const needs = neededBy(migration.sql);
  try {
    if (online) await runOnline(link, module, onlineSteps(migration.sql));
    await inTransaction(link, async (run) => {
      await run(`set local search_path = ${schema}`);
      if (!online) await run(migration.sql);
      await run(`insert into ${schema}.schema_migration (id, sha256, position) values ($1, $2, $3)`, [
        migration.id,
        fingerprint(migration.sql),
        position,
      ]);
      if (needs !== null) {
        // The first releases made their record without it.
        await run(`alter table ${schema}.schema_migration add column if not exists needs text`);
        await run(`update ${schema}.schema_migration set needs = $2 where id = $1`, [migration.id, needs]);
      }
      await run(grantsFor(module));
    });
  } catch (error) {
    const failed = online ? "failed, and is done again by the next run" : "failed and was undone";
    throw new StartError(`Migration ${migration.id} of "${module}" ${failed}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The role changes data and nothing else; what this user makes later is open to it as well. To a table whose comment is
 * `append-only` it may only add.
 */
function grantsFor(module: string): string {
  const schema = quoteIdentifier(module);
  const role = quoteIdentifier(roleOf(module));
  const future = `alter default privileges in schema ${schema} grant`;
  return `
    grant usage on schema ${schema} to ${role};
    grant select, insert, update, delete on all tables in schema ${schema} to ${role};
    grant usage, select on all sequences in schema ${schema} to ${role};
    grant execute on all functions in schema ${schema} to ${role};
    revoke insert, update, delete on ${schema}.schema_migration from ${role};
    do $do$ declare each regclass; begin
      for each in select oid from pg_class where relnamespace = '${schema}'::regnamespace and relkind = 'r'
          and obj_description(oid, 'pg_class') = 'append-only' order by oid
      loop execute format('revoke update, delete on %s from %I', each, '${roleOf(module)}'); end loop;
    end $do$;
    ${future} select, insert, update, delete on tables to ${role};
    ${future} usage, select on sequences to ${role};
    ${future} execute on functions to ${role};`;
}

/** Roles belong to the whole server, so another database's migration may be making the same one: both must succeed. */
const ROLE_EXISTS: ReadonlySet<string> = new Set(["42710", "23505"]);

async function createRole(link: Link, role: string): Promise<void> {
  try {
    await link.send({ text: `create role ${role} nologin`, params: [] });
  } catch (error) {
    if (!(error instanceof DatabaseError && ROLE_EXISTS.has(error.sqlState))) throw error;
  }
}

async function grantRole(link: Link, role: string, user: string): Promise<void> {
  const name = quoteIdentifier(user);
  try {
    await link.send({ text: `grant ${role} to ${name} with set true`, params: [] });
  } catch (error) {
    // Another database's migration may have granted the same role at the same moment.
    if (link.fault === null && (await canSetRole(link, role))) return;
    const reason = messageOf(error);
    throw new StartError(
      `The user "${user}" cannot take on the role ${role} (${reason}). Run as the server's administrator: grant ${role} to ${name};`,
      { cause: error },
    );
  }
}

async function canSetRole(link: Link, role: string): Promise<boolean> {
  const text = "select coalesce(pg_has_role(current_user, $1::text::regrole::oid, 'SET'), false) as can_set_role";
  const { rows } = await link.send({ text, params: [role] });
  return rows[0]?.["can_set_role"] === true;
}

async function inTransaction(
  link: Link,
  work: (run: (text: string, params?: readonly Parameter[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  const run = async (text: string, params: readonly Parameter[] = []) => {
    await link.send({ text, params });
  };
  await run("begin");
  try {
    await run(`set local lock_timeout = ${TABLE_LOCK_WAIT_MS}`);
    await work(run);
  } catch (error) {
    if (link.fault === null) await run("rollback");
    throw error;
  }
  const { command } = await link.send({ text: "commit", params: [] });
  if (command !== "COMMIT") throw new StartError("the server rolled the transaction back at COMMIT");
}

/** Asks again and again: the server would take one long question for a transaction that an index's build waits for. */
async function takeLock(link: Link, scheduler: Scheduler): Promise<void> {
  const statement = { text: `select pg_try_advisory_lock(${ADVISORY_LOCK}) as taken`, params: [] };
  for (let waitedMs = 0; (await link.send(statement)).rows[0]?.["taken"] !== true; waitedMs += LOCK_PAUSE_MS) {
    if (waitedMs >= LOCK_WAIT_MS)
      throw new StartError(
        `Another process has been migrating this database for ${LOCK_WAIT_MS / 1000} s: wait for it, then start again`,
      );
    await scheduler.sleep(LOCK_PAUSE_MS);
  }
  await link.send({ text: `set lock_timeout = ${LOCK_WAIT_MS}`, params: [] });
}

const openTo = ({ url, passwordOf, scheduler = systemScheduler }: MigrateOptions, deadlineMs: number): Link =>
  openLink({
    target: parseConnectionUrl(url),
    ...(passwordOf && { passwordOf }),
    parameters: { application_name: "genai-demo migrate", client_min_messages: "warning", TimeZone: "UTC" },
    deadlineMs,
    scheduler,
  });

/** What else the owner of the schemas has to do. Throws a `StartError`. */
export const withOwner = (options: MigrateOptions, work: (link: Link) => Promise<void>): Promise<void> =>
  withLink(options, work);

async function withLink(options: MigrateOptions, work: (link: Link) => Promise<void>): Promise<void> {
  const target = parseConnectionUrl(options.url);
  const link = openTo(options, MIGRATION_LIMIT_MS);
  try {
    // The link itself is patient with migrations; a server that cannot be reached must be told soon.
    if (target.socketPath === null) await untilStarted(() => ask(openTo(options, FIRST_ANSWER_MS), probe), options);
    await work(link);
  } catch (error) {
    throw unusable(target, error);
  } finally {
    link.close();
  }
}

async function untilStarted<T>(attempt: () => Promise<T>, { scheduler = systemScheduler, log }: MigrateOptions) {
  for (let waitedMs = 0; ; waitedMs += SERVER_START_PAUSE_MS) {
    try {
      return await attempt();
    } catch (error) {
      const isStarting = error instanceof DatabaseError && error.sqlState === SERVER_STARTING;
      if (!isStarting || waitedMs >= SERVER_START_WAIT_MS) throw error;
      if (waitedMs === 0) log(`waiting for the database's server: ${error.message}`);
      await scheduler.sleep(SERVER_START_PAUSE_MS);
    }
  }
}

async function ask<T>(link: Link, question: (link: Link) => Promise<T>): Promise<T> {
  try {
    return await question(link);
  } finally {
    link.close();
  }
}

const probe = (link: Link) => link.send({ text: "select 1", params: [] });
