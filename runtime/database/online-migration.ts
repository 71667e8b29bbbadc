/**
 * Migrations of indexes on tables that are in use. A migration whose first line is `-- online` runs outside of a
 * transaction, one statement after the other, so that the release before it reads and writes all the while.
 *
 * Such a migration may only build indexes (`create index concurrently if not exists`) and drop them (`drop index
 * concurrently if exists`), so that it can be run again from its beginning: what was built stays, and of a build that
 * was broken off the server leaves an invalid index, which is dropped first. Whoever runs it holds the lock of
 * `migrate.ts` and records it only after its last statement. An index that another takes the place of is dropped last.
 */
import type { Link } from "./link.ts";
import { quoteIdentifier } from "./postgres.ts";

const MARK = /^-- online\b/;
const BREAKPOINT = "--> statement-breakpoint";
const BUILD = /^create (?:unique )?index concurrently if not exists "?([a-z_][a-z0-9_]*)"? on /i;
const DROP = /^drop index concurrently if exists "?[a-z_][a-z0-9_]*"?$/i;

interface OnlineStep {
  readonly sql: string;
  /** The index that it builds; null where it drops one. */
  readonly builds: string | null;
}

export const isOnline = (sql: string): boolean => MARK.test(sql);

/** The statements of a migration that is online; throws an `Error` for one that could not be run again. */
export function onlineSteps(sql: string): readonly OnlineStep[] {
  const statements = sql
    .replace(/^--(?!>).*$/gm, "")
    .split(BREAKPOINT)
    .map((each) => each.trim().replace(/;$/, ""));
  return statements.map((statement) => {
    const [, builds = null] = BUILD.exec(statement) ?? [];
    if (statement.includes(";") || (builds === null && !DROP.test(statement)))
      throw new Error(
        `an online migration has only "create index concurrently if not exists" and "drop index concurrently if exists", with "${BREAKPOINT}" between them, but here is "${statement}"`,
      );
    return { sql: statement, builds };
  });
}

/** Runs all of them; what an earlier run has left half done is done again. */
export async function runOnline(link: Link, schema: string, steps: readonly OnlineStep[]): Promise<void> {
  const run = (text: string) => link.send({ text, params: [] });
  await run(`set search_path = ${quoteIdentifier(schema)}`);
  try {
    for (const { sql, builds } of steps) {
      if (builds !== null && (await isBroken(link, schema, builds)))
        await run(`drop index concurrently ${quoteIdentifier(builds)}`);
      await run(sql);
    }
  } finally {
    if (link.fault === null) await run("reset search_path");
  }
}

async function isBroken(link: Link, schema: string, index: string): Promise<boolean> {
  const text = `select 1 as broken from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relname = $1::text and c.relnamespace = $2::text::regnamespace and not i.indisvalid`;
  const { rows } = await link.send({ text, params: [index, quoteIdentifier(schema)] });
  return rows.length > 0;
}
