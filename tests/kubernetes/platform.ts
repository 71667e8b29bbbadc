/** What the manifests are held against, read from the checkout and the caches. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { shapesOf } from "../../runtime/contracts/deployment-shapes.ts";
import { edgeAsks } from "../../runtime/edge/asks.ts";
import { parseConfiguration } from "../collector/core-configuration.ts";
import { provisionKubernetesSchemas, provisionRolloutsDefinitions } from "../provision/kubernetes-schemas.ts";
import type { Platform } from "./check.ts";
import { readProviders } from "./providers.ts";
import { schemaJudge } from "./schemas.ts";

/** Throws `MissingTool` where the schemas cannot be had. */
export async function readPlatform(root: string): Promise<Platform> {
  return {
    modules: registry,
    shapes: shapesOf(registry, edgeAsks),
    collector: parseConfiguration(await readFile(join(root, "k8s/adot-collector/collector.yaml"), "utf8")),
    providers: await readProviders(root),
    schemas: await schemaJudge(await provisionKubernetesSchemas(), await provisionRolloutsDefinitions()),
  };
}
