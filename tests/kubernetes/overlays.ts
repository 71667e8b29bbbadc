/** The overlays as they would be applied: rendered by Kustomize from the files of a checkout. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isDocument, textsAt } from "./document.ts";

export interface Overlay {
  readonly name: string;
  /** Which of the shapes of modules.json it is made of. */
  readonly shape: string;
  /** What only AWS knows. */
  readonly values: Document;
  readonly objects: readonly Document[];
  /** What is applied, and awaited, before. */
  readonly before: readonly Document[];
}

/** Kustomize could not render it. */
export class RenderError extends Error {}

const RENDER_TIMEOUT_MS = 60_000;

/** Every overlay below k8s/overlays. */
export async function renderOverlays(kustomize: string, root: string): Promise<readonly Overlay[]> {
  const directory = join(root, "k8s", "overlays");
  const names = (await readdir(directory)).sort();
  return Promise.all(names.map((name) => renderOverlay(kustomize, join(directory, name), name)));
}

async function renderOverlay(kustomize: string, directory: string, name: string): Promise<Overlay> {
  const [objects, before, values, file] = await Promise.all([
    render(kustomize, directory),
    render(kustomize, join(directory, "before")),
    readYaml(join(directory, "values", "values.yaml")),
    readYaml(join(directory, "kustomization.yaml")),
  ]);
  const shapes = textsAt(file, "resources").flatMap((path) => /^\.\.\/\.\.\/shapes\/(\w+)$/.exec(path)?.[1] ?? []);
  const [shape] = shapes;
  if (shape === undefined || shapes.length > 1)
    throw new RenderError(`${name}: names ${shapes.length} of k8s/shapes, not one`);
  return { name, shape, values, objects, before };
}

/** The documents that Kustomize makes of a directory. */
export async function render(kustomize: string, directory: string): Promise<readonly Document[]> {
  const child = Bun.spawn([kustomize, "build", directory], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: RENDER_TIMEOUT_MS,
  });
  const [text, said, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new RenderError(`${directory}: ${said.trim() || `kustomize ended with ${code}`}`);
  const parsed: unknown = Bun.YAML.parse(text);
  const documents = (Array.isArray(parsed) ? parsed : [parsed]).filter(isDocument);
  if (documents.length === 0) throw new RenderError(`${directory}: nothing came out of it`);
  return documents;
}

async function readYaml(path: string): Promise<Document> {
  const parsed: unknown = Bun.YAML.parse(await readFile(path, "utf8"));
  if (!isDocument(parsed)) throw new RenderError(`${path} is no map`);
  return parsed;
}
