/**
 * The programs of a Kubernetes control plane, with a kubelet that pretends and the controller of Argo Rollouts, each built
 * once from its Go module. A quarter of an hour in all on two idle cores; 480 MB stay in the cache. What the modules carry
 * beside code and the tests need (custom resources, stages) is kept with the programs.
 */
import { existsSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, installOnce } from "./cache.ts";
import { BUILD_WAIT_MS, withGo } from "./go-program.ts";
import type { WrappedModule } from "./go-wrapper.ts";
import { KUBERNETES_MINOR, ROLLOUTS_VERSION } from "./kubernetes-schemas.ts";

interface Tool extends WrappedModule {
  readonly name: string;
  readonly oldestMinor: number;
  /** Folders of the module that are kept, by the name they are kept under. */
  readonly kept: Readonly<Record<string, string>>;
}

const KUBERNETES_VERSION = `${KUBERNETES_MINOR}.4`;
const COMPONENT_VERSION = "k8s.io/component-base/version";
const ETCD = "go.etcd.io/etcd/server/v3";
const KWOK = "sigs.k8s.io/kwok";
const ROLLOUTS = "github.com/argoproj/argo-rollouts";

const TOOLS = {
  etcd: {
    name: "etcd",
    path: ETCD,
    version: "v3.6.4",
    packages: [{ path: ETCD, program: "etcd" }],
    oldestMinor: 24,
    kept: {},
  },
  kubernetes: {
    name: "kubernetes",
    path: "k8s.io/kubernetes",
    version: `v${KUBERNETES_VERSION}`,
    foldersVersion: `v0.${KUBERNETES_VERSION.slice(2)}`,
    packages: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"].map((program) => ({
      path: `k8s.io/kubernetes/cmd/${program}`,
      program,
    })),
    // Without them it takes itself for a version 0 and refuses the features of its own.
    linkerValues: [
      [`${COMPONENT_VERSION}.gitVersion`, `v${KUBERNETES_VERSION}`],
      [`${COMPONENT_VERSION}.gitMajor`, "1"],
      [`${COMPONENT_VERSION}.gitMinor`, KUBERNETES_MINOR.slice(2)],
    ],
    oldestMinor: 24,
    kept: {},
  },
  kwok: {
    name: "kwok",
    path: KWOK,
    version: "v0.8.0",
    packages: [{ path: `${KWOK}/cmd/kwok`, program: "kwok" }],
    oldestMinor: 26,
    kept: { stages: "kustomize/stage" },
  },
  rollouts: {
    name: "argo-rollouts",
    path: ROLLOUTS,
    version: `v${ROLLOUTS_VERSION}`,
    packages: [{ path: `${ROLLOUTS}/cmd/rollouts-controller`, program: "rollouts-controller" }],
    oldestMinor: 24,
    kept: { manifests: "manifests" },
  },
} as const satisfies Readonly<Record<string, Tool>>;

/** Where each tool's programs, and what else is kept of it, are. */
export type KubernetesPrograms = Readonly<Record<keyof typeof TOOLS, string>>;

// Another list of programs is another entry.
const entryOf = (tool: Tool): string =>
  `${tool.name}-${tool.version}-${Bun.hash(JSON.stringify(tool)).toString(16).slice(0, 8)}-${process.platform}-${process.arch}`;

/** Whether none of them has to be built any more. */
export const areKubernetesProgramsBuilt = (): boolean =>
  Object.values(TOOLS).every((tool) => existsSync(join(cacheDirectory(), entryOf(tool))));

/** All of them, built one after the other where they are not in the cache. Throws `MissingTool` without a Go 1.26. */
export async function provisionKubernetes(): Promise<KubernetesPrograms> {
  const provide = (tool: Tool) => installOnce(entryOf(tool), (directory) => build(tool, directory), BUILD_WAIT_MS);
  return {
    etcd: await provide(TOOLS.etcd),
    kwok: await provide(TOOLS.kwok),
    rollouts: await provide(TOOLS.rollouts),
    kubernetes: await provide(TOOLS.kubernetes),
  };
}

async function build(tool: Tool, directory: string): Promise<void> {
  const name = `${tool.name} ${tool.version}`;
  console.error(`building ${name} (minutes, once; later runs use the cache) …`);
  const startedMs = performance.now();
  await withGo(
    name,
    join(directory, ".go"),
    async (go) => {
      const files = await go.build(tool, directory);
      for (const [place, folder] of Object.entries(tool.kept)) {
        await mkdir(join(directory, place));
        await cp(join(files, folder), join(directory, place), { recursive: true });
      }
    },
    tool.oldestMinor,
  );
  console.error(`built ${name} in ${((performance.now() - startedMs) / 60_000).toFixed(1)} min`);
}
