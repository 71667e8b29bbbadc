/**
 * The diagrams in docs/, written from the modules' declarations. One in a document stands between two comments, which
 * say which one it is; an SVG picture is a file.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import { modulesDiagram } from "../contracts/modules-diagram.ts";
import type { ModuleFacts } from "../module.ts";
import { StartError } from "../start-error.ts";

/** Its name ends the first comment. */
const PLACE = /<!-- diagram: ([^>]*?) -->\n([\s\S]*?)<!-- end of diagram -->/g;

const drawnBy = (modules: readonly ModuleFacts[]) =>
  modules.flatMap((module) => Object.entries(module.diagrams?.(modules) ?? {}));
const isFile = (name: string) => name.endsWith(".svg");

/** The pictures that are files. */
export const pictures = (modules: readonly ModuleFacts[]) =>
  drawnBy(modules).flatMap(([name, text]) => (isFile(name) ? [{ path: `docs/${name}`, text }] : []));

/** Every document that has a place for a diagram, with its diagrams as they are to be. */
export async function documentsWithDiagrams(root: string, modules: readonly ModuleFacts[]) {
  const own = drawnBy(modules).filter(([name]) => !isFile(name));
  const diagrams = new Map<string, string>([["modules", modulesDiagram(modules)], ...own]);
  const documents: { readonly path: string; readonly text: string }[] = [];
  const paths = await Array.fromAsync(new Glob("docs/*.md").scan({ cwd: root }));
  for (const path of paths.sort()) {
    const before = await readFile(join(root, path), "utf8");
    if (before.includes("<!-- diagram: ")) documents.push({ path, text: drawn(path, before, diagrams) });
  }
  return documents;
}

function drawn(path: string, text: string, diagrams: ReadonlyMap<string, string>): string {
  return text.replaceAll(PLACE, (_place, name: string) => {
    const diagram = diagrams.get(name);
    if (diagram === undefined)
      throw new StartError(`${path} has a place for the diagram ${name}: there are ${[...diagrams.keys()].join(", ")}`);
    return `<!-- diagram: ${name} -->\n${diagram}\n<!-- end of diagram -->`;
  });
}
