/**
 * What product SQL must not contain, because it would take time, chance or order from the server instead of from the
 * caller: a simulation could not repeat it, and two replicas would not agree.
 */
export interface SqlFault {
  readonly rule: "banned-sql" | "foreign-schema";
  readonly message: string;
}

const BANNED: readonly (readonly [RegExp, string])[] = [
  [
    /(?<![.\w])(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)/i,
    "takes the server's time; give the time as a parameter",
  ],
  [
    /\b(?:current_timestamp|current_date|current_time|localtimestamp|localtime)\b/i,
    "takes the server's time; give the time as a parameter",
  ],
  [/(?<![.\w])random\s*\(/i, "takes the server's chance; give the value as a parameter"],
  [
    /(?<![.\w])(?:gen_random_uuid|uuidv4|uuidv7|uuid_generate_v\d\w*)\s*\(/i,
    "lets the server make ids; give the id as a parameter",
  ],
  [/\bskip\s+locked\b/i, "SKIP LOCKED makes the order depend on timing; lock in key order"],
  [/\btablesample\b/i, "takes the server's chance; give the value as a parameter"],
];

/** The faults of one piece of SQL. `modules` are the names of all modules, which are their schemas' names too. */
export function sqlFaults(sql: string, modules: readonly string[]): SqlFault[] {
  const text = withoutComments(sql);
  const faults: SqlFault[] = [];
  for (const [pattern, why] of BANNED) {
    const found = pattern.exec(text);
    if (found !== null) faults.push({ rule: "banned-sql", message: `\`${found[0]}\` ${why}` });
  }
  if (hasUnorderedLimit(text)) {
    faults.push({ rule: "banned-sql", message: "LIMIT without ORDER BY gives any rows; order them totally" });
  }
  const schema = foreignSchema(text, modules);
  if (schema !== undefined) {
    faults.push({
      rule: "foreign-schema",
      message: `names the schema ${schema}; the connection's search_path is the module's own`,
    });
  }
  return faults;
}

/** Whether a literal of a program is a statement or a part of one that can be judged as such. */
export function looksLikeSql(text: string): boolean {
  return /^\s*(?:select|insert\s+into|update|delete\s+from|with|create|alter|declare|lock\s+table)\b/i.test(text);
}

function withoutComments(sql: string): string {
  return sql.replace(/--[^\n]*/g, " ").replace(/\/\*[\s\S]*?\*\//g, " ");
}

/** A LIMIT (or FETCH FIRST) whose own query, at the same depth of brackets, has no ORDER BY before it. */
function hasUnorderedLimit(sql: string): boolean {
  const ordered = [false];
  for (const [part] of sql.matchAll(
    /'(?:[^']|'')*'|\(|\)|;|\border\s+by\b|\bunion\b|\blimit\s+(?:[$\d:(?]|all\b)|\bfetch\s+(?:first|next)\b/gi,
  )) {
    const word = part.toLowerCase();
    if (word.startsWith("'")) continue;
    if (word === ")") ordered.pop();
    else if (word === ";" || word === "union") ordered[ordered.length - 1] = false;
    else if (word.startsWith("order")) ordered[ordered.length - 1] = true;
    else if (word !== "(" && ordered.at(-1) !== true) return true;
    if (word.endsWith("(")) ordered.push(false);
  }
  return false;
}

function foreignSchema(sql: string, modules: readonly string[]): string | undefined {
  if (modules.length === 0) return undefined;
  const names = modules.join("|");
  const qualified = new RegExp(
    `\\b(?:from|join|into|update|table|references|truncate|only)\\s+"?(${names})"?\\s*\\.\\s*["\\w]`,
    "i",
  );
  return qualified.exec(sql)?.[1];
}
