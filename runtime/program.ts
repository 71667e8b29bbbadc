/** How this program is called where it runs: a script of the checkout, or the executable by the path that leads to it. */
import { basename, isAbsolute, relative } from "node:path";
import { packageManager } from "../package.json";
import { build } from "./build-info.ts";

/** What a person types before a command's name. */
export function programCall(): string {
  if (build === null) return `npx -y ${packageManager} run --silent`;
  const name = basename(process.execPath);
  if (Bun.which(name) === process.execPath) return shellWord(name);
  const path = relative(process.cwd(), process.execPath);
  if (isAbsolute(path) || path.startsWith("../..")) return shellWord(process.execPath);
  return shellWord(path.startsWith("..") ? path : `./${path}`);
}

/** A text for people, written with the checkout's calls, as it is for who runs this. */
export const asTyped = (text: string, isExecutable = build !== null): string =>
  isExecutable ? text.replaceAll(/\bbun run (?:--silent )?/g, "genai-demo ") : text;

/** The text as one word of a shell, quoted where it must be. */
export const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
