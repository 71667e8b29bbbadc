/** Whether a migration only adds, so that processes of the release before go on working beside it (docs/upgrade.md). */

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
