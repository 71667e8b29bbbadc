/**
 * What a migration takes away from the releases before it.
 *
 * While a release rolls out or back, processes of two releases work on one schema, the newer one's. So a migration only
 * adds, and what is no longer used goes a release later, when no process is left that uses it. A migration that takes
 * something away says so in its first lines, with the oldest migration that a build must know to go on:
 *
 *   -- contract: needs 0006_names_unused
 *
 * That is recorded beside it in the database. A build that does not know 0006_names_unused refuses to start on it, with
 * one line; one that knows it starts. Who stopped using something without a migration of its own adds an empty one to
 * name that moment.
 */

const MARK = /^-- contract: needs ([a-z0-9_]+)\s*$/m;

/** The migration that a build must know to use what this one leaves; null where it takes nothing away. */
export const neededBy = (sql: string): string | null => MARK.exec(headOf(sql))?.[1] ?? null;

/** The comments that it begins with. */
const headOf = (sql: string) => /^(?:--(?!>)[^\n]*\n)*/.exec(sql.replaceAll("\r\n", "\n"))?.[0] ?? "";

/** Statements after which a process of the release before may fail, each with why. */
const TAKING: readonly (readonly [RegExp, string])[] = [
  [/\bdrop (?:table|column|view|materialized view|schema|type|function|sequence|domain|default)\b/, "takes it away"],
  [/\balter (?:table|type|view|index|sequence|function|domain) .*\brename\b/, "takes its name away"],
  [/\bset schema\b/, "takes its place away"],
  [/\balter (?:column )?\S+ (?:set data )?type\b/, "changes what is read and written"],
  [/\bset not null\b/, "refuses rows that the release before may write"],
  [/\badd (?:column )?(?!.*\bdefault\b).*\bnot null\b/, "refuses rows that the release before writes without it"],
  [/\badd (?:constraint|check|unique|primary key|foreign key|exclude)\b/, "may refuse rows of the release before"],
  [/\bcreate unique index\b/, "may refuse rows of the release before"],
  [/\bcreate (?:or replace )?(?:constraint )?(?:trigger|rule|policy)\b/, "changes what the release before writes"],
  [/\benable row level security\b/, "hides rows from the release before"],
  [/\brevoke\b/, "takes rights away"],
  [/\b(?:truncate|delete from)\b/, "takes rows away"],
];

/**
 * What of a migration may break a process of the release before, a line each. What stands on a table that the same
 * migration makes harms nobody: no release before knows it.
 */
export function takenAway(sql: string): string[] {
  const statements = sql
    .replace(/--[^\n]*/g, "")
    .split(";")
    .map((each) => each.replace(/\s+/g, " ").trim())
    .filter((each) => each !== "");
  const made = new Set(statements.flatMap((each) => /^create table (?:if not exists )?(\S+)/i.exec(each)?.[1] ?? []));
  return statements.flatMap((statement) => {
    const on = /^(?:alter table (?:if exists )?(?:only )?(\S+)|create unique index .*? on (?:only )?([^\s(]+))/i.exec(
      statement,
    );
    const table = on?.[1] ?? on?.[2];
    if (/^create table/i.test(statement) || (table !== undefined && made.has(table))) return [];
    const text = statement.toLowerCase();
    return TAKING.filter(([pattern]) => pattern.test(text)).map(([, why]) => `"${statement.slice(0, 120)}" ${why}`);
  });
}
