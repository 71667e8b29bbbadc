/** Kustomize, built once from Go modules: half a minute on two idle cores; 30 MB stay in the cache. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import { BUILD_WAIT_MS, withGo } from "./go-program.ts";

export const KUSTOMIZE_VERSION = "5.8.0";
const ENTRY = `kustomize-${KUSTOMIZE_VERSION}-${process.platform}-${process.arch}`;
const PROGRAM = "kustomize";

/** Its program, built when it is not in the cache. Throws `MissingTool` where there is no Go. */
export async function provisionKustomize(): Promise<string> {
  return join(await installOnce(ENTRY, build, BUILD_WAIT_MS), PROGRAM);
}

async function build(directory: string): Promise<void> {
  const tool = `kustomize ${KUSTOMIZE_VERSION}`;
  console.error(`building ${tool} (half a minute, once; later runs use the cache) …`);
  await withGo(tool, join(directory, ".go"), async (go) => {
    const program = await go.install("sigs.k8s.io/kustomize/kustomize/v5", `v${KUSTOMIZE_VERSION}`);
    await rename(program, join(directory, PROGRAM));
  });
  console.error(`built ${tool}`);
}
