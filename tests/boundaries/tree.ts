/** The source files of a checkout, cut into tokens, and what each of them imports. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { Glob } from "bun";
import { type Import, importsOf } from "./imports.ts";
import { type Token, tokenise } from "./lexer.ts";

export interface SourceFile {
  /** From the checkout's root, with forward slashes: `modules/order/saga.ts`. */
  readonly path: string;
  readonly text: string;
  /** A test, or a fixture of tests. */
  readonly isTest: boolean;
  readonly tokens: readonly Token[];
  readonly imports: readonly ResolvedImport[];
}

export interface ResolvedImport extends Import {
  /** The file of the checkout that is meant; absent for packages and for files outside. */
  readonly target?: string;
}

export interface SourceTree {
  readonly files: readonly SourceFile[];
  /** Migrations and other SQL of the product. */
  readonly sqlFiles: readonly { readonly path: string; readonly text: string }[];
  /** The folders under `modules/`. */
  readonly modules: readonly string[];
}

/** Tests, and fixtures of tests, by their names. */
export const IS_TEST = /\.(?:test|fixture)\.tsx?$/;

const SCOPES = ["modules", "runtime", "tests"];

/** Reads the checkout at `root`. */
export async function readTree(root: string): Promise<SourceTree> {
  const files: SourceFile[] = [];
  const sqlFiles: { path: string; text: string }[] = [];
  for (const path of await pathsUnder(root)) {
    const text = await readFile(join(root, path), "utf8");
    if (path.endsWith(".sql")) {
      if (!path.startsWith("tests/")) sqlFiles.push({ path, text });
      continue;
    }
    const tokens = tokenise(text);
    const imports = importsOf(tokens).map((found) => ({ ...found, ...resolve(root, path, found.specifier) }));
    files.push({ path, text, isTest: IS_TEST.test(path), tokens, imports });
  }
  return { files, sqlFiles, modules: moduleNames(root) };
}

async function pathsUnder(root: string): Promise<string[]> {
  const paths: string[] = [];
  for (const scope of SCOPES) {
    if (!existsSync(join(root, scope))) continue;
    for await (const path of new Glob("**/*.{ts,tsx,sql}").scan({ cwd: join(root, scope) })) {
      if (!path.split(sep).includes("node_modules")) paths.push(`${scope}/${path.split(sep).join("/")}`);
    }
  }
  return paths.sort();
}

function moduleNames(root: string): string[] {
  if (!existsSync(join(root, "modules"))) return [];
  const entries = readdirSync(join(root, "modules"), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function resolve(root: string, from: string, specifier: string): { target?: string } {
  if (!specifier.startsWith(".")) return {};
  const target = relative(root, join(root, dirname(from), specifier))
    .split(sep)
    .join("/");
  return target.startsWith("..") ? {} : { target };
}
