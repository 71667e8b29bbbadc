/**
 * What a kubelet does for the pods of Jobs, where kwok would let each succeed: the command of the pod's container is run,
 * and the pod ends as the command did. What that makes of the Job is its controller's to say.
 */
import { messageOf } from "../../runtime/error-text.ts";
import type { Api } from "./api.ts";
import { listOf, type Pod, pod } from "./objects.ts";

export interface Ended {
  readonly code: number;
  readonly said: string;
}

/** Runs what the pod's container is told to run. */
export type RunCommand = (pod: Pod) => Promise<Ended>;

export interface JobRunner {
  /** What was run so far, in the order of the ends. */
  readonly ended: readonly (Ended & { readonly pod: Pod })[];
  /** Resolves when what is under way has ended; throws what went wrong meanwhile. */
  stop(): Promise<void>;
}

const POLL_MS = 100;

/** Runs the pods of Jobs in `namespace` as they come. */
export function startJobRunner(api: Api, namespace: string, run: RunCommand): JobRunner {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const ended: (Ended & { readonly pod: Pod })[] = [];
  const seen = new Set<string>();
  const underWay = new Set<Promise<void>>();
  let isStopped = false;

  const runPod = async (each: Pod) => {
    const outcome = await run(each).catch((error: unknown) => ({ code: 125, said: messageOf(error) }));
    ended.push({ ...outcome, pod: each });
    await api.patch(`${path}/${each.metadata.name}/status`, { status: statusOf(each, outcome) });
  };
  const poll = async () => {
    while (!isStopped) {
      const found = await api
        .read(`${path}?labelSelector=${encodeURIComponent("batch.kubernetes.io/job-name")}`, listOf(pod))
        // The API server may be away for a while.
        .catch(() => null);
      for (const each of found?.items ?? []) {
        if (each.status.phase !== "Running" || seen.has(each.metadata.uid)) continue;
        seen.add(each.metadata.uid);
        const work = runPod(each).finally(() => underWay.delete(work));
        underWay.add(work);
      }
      await Bun.sleep(POLL_MS);
    }
    await Promise.all(underWay);
  };
  const polling = poll();
  // Reported by `stop`, whenever that is.
  polling.catch(() => undefined);
  return {
    ended,
    async stop() {
      isStopped = true;
      await polling;
    },
  };
}

function statusOf({ spec }: Pod, { code, said }: Ended) {
  const terminated = {
    exitCode: code,
    reason: code === 0 ? "Completed" : "Error",
    message: said.slice(-1_000),
  };
  return {
    phase: code === 0 ? "Succeeded" : "Failed",
    conditions: [{ type: "Ready", status: "False", reason: "PodCompleted" }],
    containerStatuses: spec.containers.map(({ name, image }) => ({
      ...{ name, image, imageID: image, ready: false, restartCount: 0 },
      state: { terminated },
    })),
  };
}
