/**
 * The files that are made from the registry: `modules.json`, each module's contract at each version, who may call what,
 * what is measured, the diagrams in the documents, and the shapes in which the modules are deployed.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import { version } from "../build-info.ts";
import { stableJson } from "../contracts/json-schema.ts";
import { kubernetesFiles } from "../contracts/kubernetes-files.ts";
import { metricsDocument } from "../contracts/metrics-document.ts";
import {
  contractFaultLine,
  contractFaults,
  contractsOf,
  type ModuleContract,
  moduleContractSchema,
} from "../contracts/module-contract.ts";
import { modulesDocument } from "../contracts/modules-document.ts";
import { rightsDocument } from "../contracts/rights-document.ts";
import { edgeAsks } from "../edge/asks.ts";
import { publicRoutes } from "../edge/public-routes.ts";
import type { ModuleFacts } from "../module.ts";
import { StartError } from "../start-error.ts";
import { documentsWithDiagrams, pictures } from "./diagrams.ts";

export interface GeneratedFile {
  /** From the checkout's root. */
  readonly path: string;
  readonly text: string;
}

/** What the files of this version must hold. */
export const generatedFiles = (modules: readonly ModuleFacts[]): readonly GeneratedFile[] => [
  { path: "modules.json", text: stableJson(modulesDocument(modules, edgeAsks)) },
  ...contractsOf(modules, version).map((contract) => ({
    path: `${folderOf(contract.module)}/${version}.json`,
    text: stableJson(contract),
  })),
  { path: "docs/rights.md", text: rightsDocument(publicRoutes(modules)) },
  { path: "docs/metrics.md", text: metricsDocument(modules) },
  ...pictures(modules),
  ...kubernetesFiles(modules, edgeAsks),
];

const folderOf = (module: string) => `modules/${module}/schemas`;

/** What the registry would break for released versions, a line each: every file there is counts as released. */
export async function brokenContracts(root: string, modules: readonly ModuleFacts[]): Promise<readonly string[]> {
  const current = new Map(contractsOf(modules, version).map((contract) => [contract.module, contract]));
  const faults: string[] = [];
  for (const { name } of modules) {
    const { topics = {} } = current.get(name) ?? {};
    for (const released of await releasedContracts(root, name))
      faults.push(...contractFaults(released, topics).map(contractFaultLine));
  }
  return faults;
}

/** What is not as the registry says, a line each that says what to run. */
export async function staleContracts(root: string, modules: readonly ModuleFacts[]): Promise<readonly string[]> {
  const broken = await brokenContracts(root, modules);
  if (broken.length > 0) return broken;
  const faults = await changedFiles(root, modules);
  return faults.map(({ path }) => `${path} is not what the modules declare: bun run modules`);
}

/** The files that do not hold what they must. */
export async function changedFiles(root: string, modules: readonly ModuleFacts[]): Promise<readonly GeneratedFile[]> {
  const changed: GeneratedFile[] = [];
  for (const file of [...generatedFiles(modules), ...(await documentsWithDiagrams(root, modules))]) {
    const path = join(root, file.path);
    if (!existsSync(path) || (await readFile(path, "utf8")) !== file.text) changed.push(file);
  }
  return changed;
}

async function releasedContracts(root: string, module: string): Promise<readonly ModuleContract[]> {
  const paths = await Array.fromAsync(new Glob(`${folderOf(module)}/*.json`).scan({ cwd: root }));
  return Promise.all(paths.sort().map((path) => readContract(root, path)));
}

async function readContract(root: string, path: string): Promise<ModuleContract> {
  try {
    return moduleContractSchema.parse(JSON.parse(await readFile(join(root, path), "utf8")));
  } catch (error) {
    throw new StartError(`${path} holds no contract any more: take it back from git`, { cause: error });
  }
}
