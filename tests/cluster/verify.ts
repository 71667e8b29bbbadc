/**
 * Brings what is in k8s/ to a real API server with real controllers, and rolls one workload out and back on the real
 * controller of Argo Rollouts, with a real process for each colour. Every check is one line; what fails says why.
 */

import { join } from "node:path";
import type { Check, Checklist } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { runCommand } from "../journeys/process.ts";
import { kindOf, nameOf } from "../kubernetes/document.ts";
import { type Overlay, renderOverlays } from "../kubernetes/overlays.ts";
import { areKubernetesProgramsBuilt, provisionKubernetes } from "../provision/kubernetes.ts";
import { provisionKustomize } from "../provision/kustomize.ts";
import { openTopologyServers, type TopologyServers } from "../provision/topology-servers.ts";
import { accountFaults } from "./access.ts";
import { admissionFaults } from "./admission.ts";
import { type BlueGreenFigures, checkBlueGreen, SCALE_DOWN_SECONDS } from "./blue-green.ts";
import type { Workload } from "./colours.ts";
import { type Cluster, startCluster } from "./control-plane.ts";
import { deployerFaults } from "./deployers.ts";
import { startFailureRate } from "./failure-rate.ts";
import { startJobRunner } from "./job-runner.ts";
import { listOf, rollout } from "./objects.ts";
import { applyBefore, readinessFaults, removeNamespaces } from "./overlays.ts";
import { makePlatformData } from "./platform-data.ts";
import { untilServed } from "./rollouts-installation.ts";
import { setStage } from "./stage.ts";
import { TARGET_GROUP_BINDINGS } from "./target-group-binding.ts";
import { tuned } from "./tuning.ts";

export interface ClusterFigures extends BlueGreenFigures {
  /** From nothing to a control plane that works. */
  readonly readySeconds: number;
  /** Of all checks, without the building of programs. */
  readonly minutes: number;
}

const NAMESPACE = "genai-demo";
/** The overlay and its workload that is rolled out. */
const ROLLED = { overlay: "production", name: "order", modules: ["order"] };
const ROOT = join(import.meta.dir, "..", "..");
const imageOf = (release: number) => `registry.example/genai-demo@sha256:${String(release).padStart(64, "0")}`;

/**
 * Runs every check; what could not be run at all is a failure. With `ifBuilt`, where programs would have to be built first,
 * renders the overlays alone and says what is left out. Null where it did not run to its end.
 */
export async function verifyCluster(checklist: Checklist, ifBuilt: boolean): Promise<ClusterFigures | null> {
  const { check, progress } = checklist;
  try {
    const overlays = await renderOverlays(await provisionKustomize(), ROOT);
    check(
      `${overlays.length} overlays are rendered, and the workload that is to be rolled out is in one of them`,
      rolledFaults(overlays),
    );
    if (ifBuilt && !areKubernetesProgramsBuilt()) {
      progress("left out, as the programs of a cluster are not built on this machine yet: bun run verify cluster");
      return null;
    }
    return await verifyRunning(checklist, overlays);
  } catch (error) {
    check("a cluster runs, and what is deployed to it", [messageOf(error)]);
    return null;
  }
}

function rolledFaults(overlays: readonly Overlay[]): readonly string[] {
  const isRolled = (overlay: Overlay) =>
    overlay.name === ROLLED.overlay &&
    overlay.objects.some((object) => kindOf(object) === "Rollout" && nameOf(object) === ROLLED.name);
  return overlays.some(isRolled) ? [] : [`there is no Rollout ${ROLLED.name} in ${ROLLED.overlay}`];
}

async function verifyRunning(
  { check, progress, counts }: Checklist,
  overlays: readonly Overlay[],
): Promise<ClusterFigures> {
  const programs = await provisionKubernetes();
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1_000;
  const cluster = await startCluster(programs);
  let isBroken = true;
  const servers = openTopologyServers();
  try {
    const readySeconds = seconds();
    progress(`a control plane runs after ${readySeconds.toFixed(0)} s`);
    await cluster.kubectl.apply([TARGET_GROUP_BINDINGS]);
    await untilServed(cluster.api, TARGET_GROUP_BINDINGS.metadata.name);
    check(
      "the pipeline's group may apply every overlay and promote, give away no right that it has not, and no more",
      await deployerFaults(cluster, overlays, ROOT),
    );
    await removeNamespaces(cluster);
    let figures: BlueGreenFigures | null = null;
    for (const overlay of overlays) {
      if (overlay.name === ROLLED.overlay) figures = await checkRolled(check, cluster, overlay, servers);
      else await checkOverlay(check, cluster, overlay, servers);
      await removeNamespaces(cluster);
      progress(`${overlay.name} done after ${seconds().toFixed(0)} s`);
    }
    if (figures === null) throw new Error(`there is no overlay ${ROLLED.overlay}`);
    isBroken = counts().failed > 0;
    return { ...figures, readySeconds, minutes: seconds() / 60 };
  } finally {
    await servers.stop();
    const logs = await cluster.stop(isBroken);
    if (logs !== null) progress(`what the programs of the control plane have written is in ${logs}`);
  }
}

/** Deploys it as it would be, its Jobs against a database of their own, and looks at what became of it. */
async function checkOverlay(
  check: Check,
  cluster: Cluster,
  { name, before, objects }: Overlay,
  servers: TopologyServers,
): Promise<void> {
  const data = await makePlatformData(servers);
  try {
    const runner = startJobRunner(cluster.api, NAMESPACE, async ({ spec }) => {
      const { code, stdout, stderr } = await runCommand(spec.containers[0]?.args ?? [], data.settings);
      return { code, said: `${stdout}${stderr}` };
    });
    try {
      const jobs = await applyBefore(cluster, before, NAMESPACE);
      const ended = runner.ended.map(({ code, said }) => (code === 0 ? [] : [said]));
      check(`${name}/before: ${jobs.join(", ")} ran to their ends`, ended.flat());
    } finally {
      await runner.stop();
    }
    await cluster.kubectl.apply(objects);
    await checkDeployed(check, cluster, name);
  } finally {
    await data.remove();
  }
}

async function checkDeployed(check: Check, cluster: Cluster, overlay: string): Promise<void> {
  check(
    `${overlay}: every object is taken, every pod admitted, placed on a node of its own and selected`,
    await readinessFaults(cluster, NAMESPACE),
  );
  const workloads = await workloadsOf(cluster);
  const rights = await Promise.all(
    workloads.map(({ name, activeService }) => accountFaults(cluster.api, NAMESPACE, name, activeService)),
  );
  check(`${overlay}: the accounts of ${workloads.length} workloads may read and watch their Service alone`, [
    ...rights.flat(),
  ]);
}

async function workloadsOf({ api }: Cluster): Promise<readonly Workload[]> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/rollouts`;
  const found = await api.read(path, listOf(rollout));
  return (found?.items ?? []).map(({ metadata, spec }) => ({
    namespace: NAMESPACE,
    name: metadata.name,
    activeService: spec.strategy.blueGreen.activeService,
    previewService: spec.strategy.blueGreen.previewService,
  }));
}

async function checkRolled(
  check: Check,
  cluster: Cluster,
  { before, objects }: Overlay,
  servers: TopologyServers,
): Promise<BlueGreenFigures> {
  const { overlay, name, modules } = ROLLED;
  const workload = { namespace: NAMESPACE, name, activeService: name, previewService: `${name}-preview` };
  const data = await makePlatformData(servers);
  const failures = startFailureRate();
  const apply = (release: number, environment: Readonly<Record<string, string>> = {}) =>
    cluster.kubectl.apply(
      tuned(objects, {
        ...{ workload: name, image: imageOf(release), environment },
        ...{ scaleDownSeconds: SCALE_DOWN_SECONDS, metricsUrl: failures.url },
      }),
    );
  try {
    const stage = await setStage(cluster, workload, modules, data, {
      prepare: () => applyBefore(cluster, before, NAMESPACE),
      async deploy() {
        await apply(1);
        await checkDeployed(check, cluster, overlay);
        check(
          "under restricted Pod Security what must be refused is refused",
          await admissionFaults(cluster.kubectl, NAMESPACE),
        );
      },
    });
    try {
      check(
        `${overlay}/before: ${stage.jobs.ended.length} Jobs ran to their ends`,
        stage.jobs.ended.flatMap(({ code, said }) => (code === 0 ? [] : [said])),
      );
      return await checkBlueGreen(check, { cluster, workload, stage, failures, apply });
    } finally {
      await stage.stop();
    }
  } finally {
    await failures.stop();
    await data.remove();
  }
}
