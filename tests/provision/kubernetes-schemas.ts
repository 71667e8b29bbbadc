/**
 * What an API server takes, as JSON Schema: Kubernetes' own kinds from a Python wheel that has them for each version, in a
 * form that refuses unknown fields, and Argo Rollouts' as its Go module brings them for a cluster. Downloaded once.
 */
import { cp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import { withGo } from "./go-program.ts";
import { downloadWheel } from "./python-package.ts";

/** Of the clusters: k8s/bootstrap says the same. */
export const KUBERNETES_MINOR = "1.34";
export const ROLLOUTS_VERSION = "1.8.5";

const REQUIREMENT = "kubernetes-validate==1.34.1";

/** A directory of schemas, a file a kind, and `_definitions.json` with what they have in common. */
export async function provisionKubernetesSchemas(): Promise<string> {
  return installOnce(`kubernetes-schemas-${KUBERNETES_MINOR}`, async (directory) => {
    const wheel = join(directory, ".unpacked");
    await downloadWheel(REQUIREMENT, wheel);
    const strict = join(wheel, "kubernetes_validate", "kubernetes-json-schema", `v${KUBERNETES_MINOR}.0-local-strict`);
    for (const name of await readdir(strict)) await rename(join(strict, name), join(directory, name));
    await rm(wheel, { recursive: true });
  });
}

/** A directory of CustomResourceDefinitions of Argo Rollouts. */
export async function provisionRolloutsDefinitions(): Promise<string> {
  const tool = `Argo Rollouts ${ROLLOUTS_VERSION}`;
  return installOnce(`argo-rollouts-definitions-${ROLLOUTS_VERSION}`, (directory) =>
    withGo(tool, join(directory, ".go"), async (go) => {
      const module = await go.download("github.com/argoproj/argo-rollouts", `v${ROLLOUTS_VERSION}`);
      await cp(join(module, "manifests", "crds"), directory, { recursive: true });
    }),
  );
}
