/** What an operator does to a Rollout, by the same requests as `kubectl` and `kubectl argo rollouts` send. */
import type { Api } from "./api.ts";
import { analysisRun, HASH_LABEL, listOf, type Rollout, replicaSet, rollout, service } from "./objects.ts";

export interface Revisions {
  read(): Promise<Rollout>;
  /** Applies what changes the pods, hence another colour; its hash, once the controller has made its ReplicaSet. */
  release(apply: () => Promise<unknown>): Promise<string>;
  /** Resolves when the smoke has passed and the controller waits for somebody to promote. */
  untilPaused(hash: string): Promise<void>;
  /** `kubectl argo rollouts promote NAME`. */
  promote(): Promise<void>;
  untilHealthy(hash: string): Promise<void>;
  untilAborted(hash: string): Promise<string>;
  /** Resolves when the Service selects it. */
  untilSelected(name: string, hash: string): Promise<void>;
  untilScaledDown(hash: string): Promise<void>;
  selectedBy(name: string): Promise<string>;
  /** The phases of the analyses of a colour, by kind. */
  analyses(hash: string): Promise<readonly string[]>;
}

/** Of the Rollout `name`. */
export function revisionsOf(api: Api, namespace: string, name: string): Revisions {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`;
  const read = async () => {
    const found = await api.read(path, rollout);
    if (found === null) throw new Error(`there is no Rollout ${name} in ${namespace}`);
    return found;
  };
  const until = <T>(what: string, look: (now: Rollout) => T | null | Promise<T | null>) =>
    api.until(`${name}: ${what}`, async () => look(await read()));
  const setOf = async (hash: string) => {
    const sets = await api.read(`/apis/apps/v1/namespaces/${namespace}/replicasets`, listOf(replicaSet));
    return sets?.items.find(
      ({ metadata }) =>
        metadata.labels[HASH_LABEL] === hash && metadata.ownerReferences.some((owner) => owner.name === name),
    );
  };
  const selectedBy = async (serviceName: string) =>
    (await api.read(`/api/v1/namespaces/${namespace}/services/${serviceName}`, service))?.spec.selector[HASH_LABEL] ??
    "";
  return {
    read,
    async release(apply) {
      const before = (await read()).status.currentPodHash;
      await apply();
      return until("a new colour is made", async ({ status }) =>
        status.currentPodHash !== before && (await setOf(status.currentPodHash)) !== undefined
          ? status.currentPodHash
          : null,
      );
    },
    async untilPaused(hash) {
      await until(`${hash} waits for its promotion`, ({ status }) => {
        if (status.abort) throw new Error(`${name} was aborted: ${status.message}`);
        return status.currentPodHash === hash && status.pauseConditions.some((each) => each.reason === "BlueGreenPause")
          ? hash
          : null;
      });
    },
    promote: () => api.patch(`${path}/status`, { status: { pauseConditions: null } }),
    async untilHealthy(hash) {
      await until(`${hash} is healthy`, ({ status }) => {
        if (status.abort && status.currentPodHash === hash) throw new Error(`${name} was aborted: ${status.message}`);
        return status.phase === "Healthy" && status.stableRS === hash ? hash : null;
      });
    },
    untilAborted: (hash) =>
      until(`${hash} is aborted`, ({ status }) =>
        status.currentPodHash === hash && status.abort ? status.message || "without a message" : null,
      ),
    async untilSelected(serviceName, hash) {
      await until(`${serviceName} selects ${hash}`, async () =>
        (await selectedBy(serviceName)) === hash ? hash : null,
      );
    },
    async untilScaledDown(hash) {
      await until(`${hash} is scaled down`, async () => ((await setOf(hash))?.spec.replicas === 0 ? hash : null));
    },
    selectedBy,
    async analyses(hash) {
      const runs = await api.read(
        `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns?labelSelector=${encodeURIComponent(`${HASH_LABEL}=${hash}`)}`,
        listOf(analysisRun),
      );
      return (runs?.items ?? []).map(
        ({ metadata, status }) => `${metadata.labels["rollout-type"] ?? metadata.name}: ${status.phase}`,
      );
    },
  };
}
