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
