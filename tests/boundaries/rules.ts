/**
 * The rules of the house, each a function from the source tree to the violations it finds. What a file may import:
 * moduleImports, runtimeImports, fixtureImports, clientLibraries, and never in a circle. What it may call and say: the rest.
 */
import { cyclesOf } from "./cycles.ts";
import type { Token } from "./lexer.ts";
import { looksLikeSql, sqlFaults } from "./sql.ts";
import { IS_TEST, type SourceFile, type SourceTree } from "./tree.ts";

export type RuleName =
  | "module-imports"
  | "runtime-imports"
  | "fixture-imports"
  | "client-library"
  | "cycle"
  | "banned-api"
  | "banned-sql"
  | "foreign-schema"
  | "mode-in-module";

export interface Violation {
  readonly rule: RuleName;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Every violation in the tree, in the order of rules and files. */
export function judge(tree: SourceTree): Violation[] {
  return [
    ...tree.files.flatMap(moduleImports),
    ...tree.files.flatMap(runtimeImports),
    ...tree.files.flatMap(fixtureImports),
    ...tree.files.flatMap(clientLibraries),
    ...cycles(tree),
    ...tree.files.flatMap(bannedApis),
    ...bannedSql(tree),
    ...tree.files.flatMap(modesInModules),
  ];
}

/** One violation as a line that an editor can follow. */
export function violationLine({ path, line, rule, message }: Violation): string {
  return `${path}:${line}  ${rule}: ${message}`;
}

const moduleOf = (path: string): string | undefined => /^modules\/([^/]+)\//.exec(path)?.[1];
const isContract = (path: string): boolean => /^modules\/[^/]+\/contract\.ts$/.test(path);

/** A module imports its own files, runtime/ and other modules' contract.ts; its tests may use the tools in tests/ too. */
function moduleImports(file: SourceFile): Violation[] {
  const own = moduleOf(file.path);
  if (own === undefined) return [];
  return file.imports.flatMap(({ specifier, target, line }) => {
    if (target === undefined)
      return specifier.startsWith(".") ? [at(file, line, "module-imports", `${specifier} leaves the checkout`)] : [];
    const isAllowed =
      moduleOf(target) === own ||
      isContract(target) ||
      (target.startsWith("runtime/") && target !== "runtime/main.ts") ||
      (file.isTest && target.startsWith("tests/"));
    const allowed = "a module imports its own files, runtime/ and other modules' contract.ts";
    return isAllowed ? [] : [at(file, line, "module-imports", `${allowed}, not ${target}`)];
  });
}

/**
 * runtime/ imports no module, except main.ts; runtime/edge/ contracts only. Only its CLI and tests use tests/. Whatever is
 * traced and measured stands on runtime/telemetry/, which therefore knows no other room.
 */
function runtimeImports(file: SourceFile): Violation[] {
  if (!file.path.startsWith("runtime/") || file.path === "runtime/main.ts") return [];
  const isEdge = file.path.startsWith("runtime/edge/");
  const isTelemetry = file.path.startsWith("runtime/telemetry/") && !file.isTest;
  const usesTests = file.isTest || file.path.startsWith("runtime/cli/");
  return file.imports.flatMap(({ target, line }) => {
    if (target?.startsWith("modules/") && !(isEdge && isContract(target))) {
      const may = isEdge ? "only a module's contract.ts" : "no module";
      return [at(file, line, "runtime-imports", `this part of runtime/ imports ${may}, not ${target}`)];
    }
    if (target?.startsWith("tests/") && !usesTests)
      return [at(file, line, "runtime-imports", `only the CLI imports from tests/, not ${file.path}`)];
    if (isTelemetry && /^runtime\/(?!telemetry\/)[^/]+\//.test(target ?? ""))
      return [at(file, line, "runtime-imports", `what is traced knows telemetry, and telemetry not ${target}`)];
    return [];
  });
}

/** What is made for tests is imported by tests alone. */
function fixtureImports(file: SourceFile): Violation[] {
  if (file.isTest || file.path.startsWith("tests/")) return [];
  return file.imports
    .filter(({ target }) => target !== undefined && IS_TEST.test(target))
    .map(({ target, line }) => at(file, line, "fixture-imports", `only tests import ${target}`));
}

/** Clients of what stands behind a port are known to its adapter alone. */
const PLACES: Readonly<Record<string, RegExp>> = {
  kafkajs: /^runtime\/transport\/kafka\//,
  ioredis: /^runtime\/cache\//,
  postgres: /^runtime\/database\//,
  "@opentelemetry": /^runtime\/telemetry\//,
  "@aws-sdk": /^runtime\/aws\//,
  "@smithy": /^runtime\/aws\//,
};

function clientLibraries(file: SourceFile): Violation[] {
  if (file.isTest || file.path.startsWith("tests/")) return [];
  return file.imports.flatMap(({ specifier, line }) => {
    const [library = ""] = specifier.split("/");
    const place = PLACES[library];
    if (place === undefined || place.test(file.path)) return [];
    return [at(file, line, "client-library", `${library} is for ${place.source.replaceAll("\\/", "/")} alone`)];
  });
}

function cycles(tree: SourceTree): Violation[] {
  return cyclesOf(tree.files).map((cycle) => ({
    rule: "cycle",
    path: cycle[0] ?? "",
    line: 1,
    message: [...cycle, cycle[0]].join(" → "),
  }));
}

/** Ports themselves, and composition roots: the entrance and the commands. The guard is part of a client of others. */
const MAY_TOUCH_THE_MACHINE =
  /^runtime\/(?:clock|random|scheduler|main)\.ts$|^runtime\/cli\/|^runtime\/transport\/kafka\/idle-guard\.ts$/;

const BANNED_CALLS: readonly (readonly [pattern: readonly string[], instead: string])[] = [
  [["Date", ".", "now"], "ask the injected Clock"],
  [["performance", ".", "now"], "ask the injected Clock"],
  [["process", ".", "hrtime"], "ask the injected Clock"],
  [["Bun", ".", "nanoseconds"], "ask the injected Clock"],
  [["new", "Date", "(", ")"], "ask the injected Clock"],
  [["new", "Date", ";"], "ask the injected Clock"],
  [["Math", ".", "random"], "ask the injected Random"],
  [["getRandomValues"], "ask the injected Random"],
  [["randomBytes"], "ask the injected Random"],
  [["randomInt"], "ask the injected Random"],
  [["randomUUID"], "ask the injected Ids"],
  [["randomUUIDv7"], "ask the injected Ids"],
  [["setTimeout"], "ask the injected Scheduler"],
  [["setInterval"], "ask the injected Scheduler"],
  [["setImmediate"], "ask the injected Scheduler"],
  [["queueMicrotask"], "ask the injected Scheduler"],
  [["process", ".", "nextTick"], "ask the injected Scheduler"],
  [["Bun", ".", "sleep"], "ask the injected Scheduler"],
  [["Bun", ".", "sleepSync"], "ask the injected Scheduler"],
  [["defaultNow"], "give the time as a value"],
  [["defaultRandom"], "give the id as a value"],
];

/** Time, chance, ids and timers come from the injected ports. */
function bannedApis(file: SourceFile): Violation[] {
  const judged = /^(?:modules|runtime)\//.test(file.path) && !file.isTest && !MAY_TOUCH_THE_MACHINE.test(file.path);
  if (!judged) return [];
  const violations: Violation[] = [];
  for (const [index, token] of file.tokens.entries()) {
    if (token.kind !== "word") continue;
    const found = BANNED_CALLS.find(([pattern]) => matches(file.tokens, index, pattern));
    // A property of that name on something of ours, or a definition, is another thing than the global.
    if (found === undefined || (found[0].length === 1 && isOtherName(file.tokens, index))) continue;
    violations.push(at(file, token.line, "banned-api", `${found[0].join("")}: ${found[1]}`));
  }
  return violations;
}

function matches(tokens: readonly Token[], index: number, pattern: readonly string[]): boolean {
  return pattern.every(
    (text, offset) => tokens[index + offset]?.text === text && tokens[index + offset]?.kind !== "string",
  );
}

const MACHINE_OBJECTS = new Set(["globalThis", "crypto", "Bun", "webcrypto", "self"]);

function isOtherName(tokens: readonly Token[], index: number): boolean {
  const word = tokens[index]?.text;
  const isProperty = tokens[index - 1]?.text === "." && !MACHINE_OBJECTS.has(tokens[index - 2]?.text ?? "");
  if (isProperty) return word !== "defaultNow" && word !== "defaultRandom";
  return tokens[index + 1]?.text === ":" && tokens[index - 1]?.text !== "?";
}

/** SQL of migrations, and of literals in the product's code. */
function bannedSql(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  const judgeText = (path: string, line: number, sql: string) => {
    for (const { rule, message } of sqlFaults(sql, tree.modules)) violations.push({ rule, path, line, message });
  };
  for (const { path, text } of tree.sqlFiles) judgeText(path, 1, text);
  for (const file of tree.files) {
    if (!/^(?:modules|runtime)\//.test(file.path) || file.isTest || file.path.startsWith("runtime/cli/")) continue;
    for (const [index, token] of file.tokens.entries()) {
      const isLiteral = token.kind === "string" || token.kind === "template";
      const isTagged = token.kind === "template" && file.tokens[index - 1]?.text === "sql";
      if (isLiteral && (isTagged || looksLikeSql(token.text))) judgeText(file.path, token.line, token.text);
    }
    violations.push(...unorderedQueryBuilders(file));
  }
  return violations;
}

/** `.from(…)….limit(…)` of the query builder without `.orderBy(…)` in the same statement. */
function unorderedQueryBuilders(file: SourceFile): Violation[] {
  const violations: Violation[] = [];
  for (const [index, token] of file.tokens.entries()) {
    if (!(token.text === "limit" && file.tokens[index - 1]?.text === "." && file.tokens[index + 1]?.text === "("))
      continue;
    const chain: string[] = [];
    for (let back = index; back >= 0 && file.tokens[back]?.text !== ";"; back--)
      chain.push(file.tokens[back]?.text ?? "");
    if (chain.includes("from") && !chain.includes("orderBy")) {
      violations.push(
        at(file, token.line, "banned-sql", ".limit() without .orderBy() gives any rows; order them totally"),
      );
    }
  }
  return violations;
}

const MODE_WORDS =
  /^(?:[Ii]nprocess|inProcess|in-process|[Kk]afka|kafkajs|single-pg|NODE_ENV|MODULES|TRANSPORT|REDIS_URL)$/;

/** Nothing inside a module knows how it is deployed: no environment, no transport by name. */
function modesInModules(file: SourceFile): Violation[] {
  if (moduleOf(file.path) === undefined || file.isTest) return [];
  const violations: Violation[] = [];
  for (const [index, token] of file.tokens.entries()) {
    const isLiteral = token.kind === "string" || token.kind === "template";
    if ((isLiteral || token.kind === "word") && MODE_WORDS.test(token.text)) {
      violations.push(at(file, token.line, "mode-in-module", `\`${token.text}\` is known outside modules only`));
    }
    for (const [owner, property] of [
      ["process", "env"],
      ["process", "argv"],
      ["Bun", "env"],
      ["Bun", "argv"],
      ["meta", "env"],
    ] as const) {
      if (matches(file.tokens, index, [owner, ".", property])) {
        violations.push(
          at(file, token.line, "mode-in-module", `${owner}.${property}: declare the setting in the module's config`),
        );
      }
    }
  }
  for (const { target, line } of file.imports) {
    if (target?.startsWith("runtime/transport/")) {
      violations.push(
        at(file, line, "mode-in-module", `${target}: a module declares messages and never meets a transport`),
      );
    }
  }
  return violations;
}

function at(file: SourceFile, line: number, rule: RuleName, message: string): Violation {
  return { rule, path: file.path, line, message };
}
