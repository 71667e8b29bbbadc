/**
 * Renders every overlay and holds it against what is known of the platform. Every check is one line, for all overlays; what
 * fails says which overlay and why.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import { registry } from "../../modules/registry.ts";
import type { Checklist } from "../../runtime/cli/verify/checklist.ts";
import { kubernetesFiles } from "../../runtime/contracts/kubernetes-files.ts";
import { edgeAsks } from "../../runtime/edge/asks.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { provisionKustomize } from "../provision/kustomize.ts";
import { CHECKS } from "./checks.ts";
import { type Overlay, renderOverlays } from "./overlays.ts";
import { withPictures } from "./picture.ts";
import { readPlatform } from "./platform.ts";
import { placeholdersOf } from "./value-checks.ts";

/** What was looked at. */
export interface Rendered {
  readonly overlays: number;
  readonly objects: number;
  /** What only AWS knows and has not said yet. */
  readonly placeholders: number;
}

export interface VerifyOptions {
  /** An overlay in which no placeholder may be left. */
  readonly given: string | undefined;
  /** Writes the pictures into the documents, instead of looking whether they are current. */
  readonly draw: boolean;
}

const ROOT = join(import.meta.dir, "..", "..");
const DOCUMENT = "docs/kubernetes.md";

/** Runs every check; null where nothing could be rendered, which is a failure. */
export async function verifyManifests(
  { check, progress }: Checklist,
  { given, draw }: VerifyOptions,
): Promise<Rendered | null> {
  check("k8s/shapes is what the modules declare, and nothing else", await shapeFaults());
  let overlays: readonly Overlay[];
  try {
    overlays = await renderOverlays(await provisionKustomize(), ROOT);
  } catch (error) {
    check("every overlay is rendered, with what comes before it", [messageOf(error)]);
    return null;
  }
  check(`every overlay is rendered, with what comes before it: ${overlays.map(({ name }) => name).join(", ")}`, []);
  const platform = await readPlatform(ROOT);
  for (const { name, judge } of CHECKS)
    check(
      `each ${name}`,
      overlays.flatMap((overlay) => judge(overlay, platform).map((fault) => `${overlay.name}: ${fault}`)),
    );
  if (draw) await drawPictures(overlays);
  check(`${DOCUMENT} shows what is rendered`, await pictureFaults(overlays));
  const placeholders = overlays.map((overlay) => ({ name: overlay.name, paths: placeholdersOf(overlay) }));
  if (given === undefined)
    for (const { name, paths } of placeholders)
      if (paths.length > 0)
        progress(
          `${name} has ${paths.length} placeholders of what AWS will say: run verify k8s --given ${name} for their names`,
        );
  if (given !== undefined) check(`nothing that AWS knows is missing in ${given}`, missingValues(given, placeholders));
  const objects = overlays.reduce((sum, overlay) => sum + overlay.objects.length + overlay.before.length, 0);
  const left = placeholders.reduce((sum, { paths }) => sum + paths.length, 0);
  return { overlays: overlays.length, objects, placeholders: left };
}

function missingValues(
  given: string,
  placeholders: readonly { readonly name: string; readonly paths: readonly string[] }[],
) {
  const found = placeholders.find(({ name }) => name === given);
  if (found === undefined)
    return [`there is no overlay ${given}: there are ${placeholders.map(({ name }) => name).join(", ")}`];
  return found.paths.map((path) => `k8s/overlays/${given}/values/values.yaml: ${path} is a placeholder`);
}

async function shapeFaults(): Promise<readonly string[]> {
  const wanted = new Map(kubernetesFiles(registry, edgeAsks).map(({ path, text }) => [path, text]));
  const found = await Array.fromAsync(new Glob("k8s/shapes/**/*").scan({ cwd: ROOT }));
  const texts = await Promise.all(found.map(async (path) => [path, await readFile(join(ROOT, path), "utf8")] as const));
  const there = new Map(texts);
  return [
    ...[...wanted].flatMap(([path, text]) =>
      there.get(path) === text ? [] : [`${path} is not what the modules declare: bun run modules`],
    ),
    ...found.filter((path) => !wanted.has(path)).map((path) => `${path} belongs to no workload: remove it`),
  ];
}

async function pictureFaults(overlays: readonly Overlay[]): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, DOCUMENT), "utf8");
  if (!text.includes("<!-- rendered: ")) return ["it has no place for a picture"];
  return withPictures(text, overlays) === text ? [] : ["the picture is another one: bun run verify k8s --draw"];
}

async function drawPictures(overlays: readonly Overlay[]): Promise<void> {
  const path = join(ROOT, DOCUMENT);
  await writeFile(path, withPictures(await readFile(path, "utf8"), overlays));
}
