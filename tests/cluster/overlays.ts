/**
 * An overlay as it is deployed: `before`, whose Jobs are awaited, then the overlay itself. Every pod of it has to be
 * admitted, placed, and (by kwok) called ready.
 */
import * as z from "zod";
import type { Document } from "../kubernetes/document.ts";
import type { Cluster } from "./control-plane.ts";
import { HASH_LABEL, job, listOf, pod, rollout, service } from "./objects.ts";

const READY_MS = 90_000;

/** Applies what comes before an overlay and waits until each of its Jobs has ended well; their names. */
export async function applyBefore(
  { api, kubectl }: Cluster,
  before: readonly Document[],
  namespace: string,
): Promise<readonly string[]> {
  await kubectl.apply(before);
  return api.until("the Jobs that come before end", async () => {
    const jobs = (await api.read(`/apis/batch/v1/namespaces/${namespace}/jobs`, listOf(job)))?.items ?? [];
    const failed = jobs.find(({ status }) => has(status.conditions, "Failed"));
    if (failed) throw new Error(`Job ${failed.metadata.name} failed`);
    const haveEnded = jobs.length > 0 && jobs.every(({ status }) => has(status.conditions, "Complete"));
    return haveEnded ? jobs.map(({ metadata }) => metadata.name) : null;
  });
}

const has = (conditions: readonly { readonly type: string; readonly status: string }[], type: string) =>
  conditions.some((each) => each.type === type && each.status === "True");

const counts = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({ replicas: z.number().optional() }),
  status: z
    .looseObject({
      readyReplicas: z.number().optional(),
      numberReady: z.number().optional(),
      desiredNumberScheduled: z.number().optional(),
    })
    .default({}),
});

/** What of the overlay does not become ready, and of its workloads what is not as a deployment needs it. */
export async function readinessFaults({ api }: Cluster, namespace: string): Promise<readonly string[]> {
  const rollouts = async () =>
    (await api.read(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`, listOf(rollout)))?.items ?? [];
  const unready = async () => [
    ...(await rollouts()).flatMap(({ metadata, status }) =>
      status.phase === "Healthy" ? [] : [`Rollout ${metadata.name}: ${status.phase || "new"} ${status.message}`],
    ),
    ...(await listed("deployments")).flatMap(({ metadata, spec, status }) =>
      (status.readyReplicas ?? 0) >= (spec.replicas ?? 1) ? [] : [`Deployment ${metadata.name} is not ready`],
    ),
    ...(await listed("daemonsets")).flatMap(({ metadata, status: { desiredNumberScheduled = 0, numberReady = 0 } }) =>
      desiredNumberScheduled > 0 && numberReady >= desiredNumberScheduled
        ? []
        : [`DaemonSet ${metadata.name}: ${numberReady} of ${desiredNumberScheduled} ready`],
    ),
  ];
  const listed = async (kind: string) => (await api.read(`/apis/apps/v1/${kind}`, listOf(counts)))?.items ?? [];
  const deadline = performance.now() + READY_MS;
  let faults = await unready();
  while (faults.length > 0 && performance.now() < deadline) {
    await Bun.sleep(200);
    faults = await unready();
  }
  const found = await rollouts();
  if (found.length === 0) return ["there is no Rollout"];
  const each = found.map(async ({ metadata: { name }, spec, status }) => {
    const active = await api.read(
      `/api/v1/namespaces/${namespace}/services/${spec.strategy.blueGreen.activeService}`,
      service,
    );
    const labels = encodeURIComponent(`${HASH_LABEL}=${status.currentPodHash}`);
    const pods = await api.read(`/api/v1/namespaces/${namespace}/pods?labelSelector=${labels}`, listOf(placedPod));
    const nodes = new Set(pods?.items.map((placed) => placed.spec.nodeName));
    const wanted = pods?.items.length ?? 0;
    return [
      ...(active?.spec.selector[HASH_LABEL] === status.currentPodHash
        ? []
        : [`${name}: the active Service does not select its pods`]),
      ...(nodes.size === wanted && wanted > 0 ? [] : [`${name}: ${wanted} pods on ${nodes.size} nodes`]),
    ];
  });
  return [...faults, ...(await Promise.all(each)).flat()];
}

const placedPod = pod.and(z.looseObject({ spec: z.looseObject({ nodeName: z.string().optional() }) }));

/** Removes the namespaces that overlays make, and waits until they are gone. */
export async function removeNamespaces({ kubectl }: Cluster): Promise<void> {
  const { code, said } = await kubectl.run([
    ...["delete", "namespace", "-l", "app.kubernetes.io/part-of=genai-demo"],
    ...["--wait=true", "--timeout=90s"],
  ]);
  if (code !== 0) throw new Error(said);
}
