/**
 * What kubelet and kube-proxy do for one workload of blue and green, with real processes where kwok only has pods that it
 * calls ready. For each ReplicaSet that wants pods one process runs, told what its pod's environment says and holding a
 * token of its pod's account that is bound to that pod; it ends with SIGTERM when the ReplicaSet wants none. A gateway
 * sends customers and other modules to the colour that the active Service selects.
 *
 * While the API server is away everything stays as it was, as it does on a node.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { messageOf } from "../../runtime/error-text.ts";
import type { Gateways } from "../journeys/gateways.ts";
import type { GatewayPlan } from "../journeys/gateways-process.ts";
import { type Environment, type PlatformProcess, startProcess } from "../journeys/process.ts";
import type { Api } from "./api.ts";
import type { Cluster } from "./control-plane.ts";
import { configMap, HASH_LABEL, listOf, type Pod, pod, replicaSet, service } from "./objects.ts";

export interface Workload {
  readonly namespace: string;
  /** Of the Rollout. */
  readonly name: string;
  readonly activeService: string;
  readonly previewService: string;
}

export interface Colour {
  readonly hash: string;
  /** Null where it could not be started. */
  readonly process: PlatformProcess | null;
  /** What its pod's environment told it. */
  readonly environment: Environment;
}

export interface Colours {
  /** The colour of the Service's selector, as last seen. */
  behind(service: "active" | "preview"): Colour | undefined;
  of(hash: string): Colour | undefined;
  /** The colour that the preview Service selects now, once its process serves or could not be started. */
  preview(): Promise<Colour>;
  /** Resolves when the Service was seen to select it. */
  until(service: "active" | "preview", hash: string): Promise<void>;
  /** When the active Service was first seen with the hash (wall clock); null when it never was. */
  switchedAtMs(hash: string): number | null;
  output(): string;
  stop(): Promise<void>;
}

export interface ColoursOptions {
  readonly cluster: Cluster;
  readonly workload: Workload;
  /** Where tokens are written. */
  readonly directory: string;
  /** What the processes are told in place of what only AWS has. */
  readonly settings: Environment;
  readonly gateways: Gateways;
  /** The gateways for an active colour. */
  readonly plans: (active: PlatformProcess) => readonly GatewayPlan[];
}

const POLL_MS = 100;
/** What a process takes from its pod's environment; the rest of it are addresses, ports and secrets. */
const TAKEN = ["MODULES", "TRANSPORT", "EDGE", "ACTIVE_SERVICE", "POD_TEMPLATE_HASH", "POD_NAMESPACE"];

/** Begins to follow the workload. */
export function followColours(options: ColoursOptions): Colours {
  const { cluster, workload, gateways, plans } = options;
  const colours = new Map<string, Colour>();
  const gone: PlatformProcess[] = [];
  const switched = new Map<string, number>();
  const selected = { active: "", preview: "" };
  let isStopped = false;
  let routedTo: PlatformProcess | null = null;

  const follow = async () => {
    const wanted = await wantedHashes(cluster.api, workload);
    await Promise.all(
      [...wanted].map(async ([hash, found]) => {
        if (colours.has(hash) || found === null) return;
        const environment = await environmentOf(cluster.api, found);
        const taken = Object.fromEntries(Object.entries(environment).filter(([name]) => TAKEN.includes(name)));
        const access = await accessOf(options, found);
        const settings = { ...options.settings, ...taken, ...access };
        const process = await startProcess(["serve"], settings).catch((error: unknown) => {
          console.error(`the process of ${found.metadata.name} does not start: ${messageOf(error).slice(0, 300)}`);
          return null;
        });
        colours.set(hash, { hash, process, environment: taken });
      }),
    );
    for (const [hash, { process }] of [...colours]) {
      if (wanted.has(hash)) continue;
      colours.delete(hash);
      if (process === null) continue;
      gone.push(process);
      await process.stop();
    }
    const [active, preview] = await Promise.all(
      [workload.activeService, workload.previewService].map((name) => selectedHash(cluster.api, workload, name)),
    );
    Object.assign(selected, { active: active ?? "", preview: preview ?? "" });
    if (active && !switched.has(active)) switched.set(active, Date.now());
    const process = colours.get(selected.active)?.process ?? null;
    if (process === null || process === routedTo) return;
    await gateways.update(plans(process));
    routedTo = process;
  };
  const following = (async () => {
    while (!isStopped) {
      await follow().catch((error: unknown) => {
        // It is away for a while, on purpose.
        if (!/connect|refused|closed|timed out/i.test(messageOf(error))) throw error;
      });
      await Bun.sleep(POLL_MS);
    }
  })();
  // Reported by `stop`, whenever that is.
  following.catch(() => undefined);

  return {
    behind: (which) => colours.get(selected[which]),
    of: (hash) => colours.get(hash),
    preview: () =>
      cluster.api.until("the preview's process is started", async () => {
        const hash = await selectedHash(cluster.api, workload, workload.previewService);
        return (hash === undefined ? null : colours.get(hash)) ?? null;
      }),
    async until(which, hash) {
      await cluster.api.until(`${hash} is seen to be ${which}`, async () => (selected[which] === hash ? hash : null));
    },
    switchedAtMs: (hash) => switched.get(hash) ?? null,
    output: () =>
      [...gone, ...[...colours.values()].flatMap(({ process }) => process ?? [])]
        .map((process) => process.output().slice(-2_000))
        .join("\n"),
    async stop() {
      isStopped = true;
      try {
        await following;
      } finally {
        await Promise.all([...colours.values()].map(({ process }) => process?.stop()));
      }
    },
  };
}

/** The hashes that ReplicaSets of the workload want pods of, each with one of these, if there is one that runs. */
async function wantedHashes(api: Api, { namespace, name }: Workload): Promise<ReadonlyMap<string, Pod | null>> {
  const sets = await api.read(`/apis/apps/v1/namespaces/${namespace}/replicasets`, listOf(replicaSet));
  const mine = (sets?.items ?? []).filter(
    ({ metadata, spec }) =>
      spec.replicas > 0 && metadata.ownerReferences.some((owner) => owner.kind === "Rollout" && owner.name === name),
  );
  const found = mine.map(async ({ metadata }) => {
    const hash = metadata.labels[HASH_LABEL] ?? "";
    const pods = await api.read(
      `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`${HASH_LABEL}=${hash}`)}`,
      listOf(pod),
    );
    const running = pods?.items.find(
      ({ status, metadata: { ownerReferences } }) =>
        status.phase === "Running" && ownerReferences.some((owner) => owner.name === metadata.name),
    );
    return [hash, running ?? null] as const;
  });
  return new Map(await Promise.all(found));
}

async function selectedHash(api: Api, { namespace }: Workload, name: string): Promise<string | undefined> {
  const found = await api.read(`/api/v1/namespaces/${namespace}/services/${name}`, service);
  return found?.spec.selector[HASH_LABEL];
}

/** The environment of a pod's first container as the kubelet would make it, as far as it does not come from Secrets. */
export async function environmentOf(api: Api, { metadata, spec }: Pod): Promise<Environment> {
  const [container] = spec.containers;
  const maps = (container?.envFrom ?? []).flatMap(({ configMapRef }) => configMapRef?.name ?? []);
  const data = await Promise.all(
    maps.map(async (name) => {
      const found = await api.read(`/api/v1/namespaces/${metadata.namespace}/configmaps/${name}`, configMap);
      if (found === null) throw new Error(`pod ${metadata.name}: there is no ConfigMap ${name}`);
      return found.data;
    }),
  );
  const own = (container?.env ?? []).map(({ name, value, valueFrom }) => [
    name,
    valueFrom === undefined ? value : fieldOf(metadata, valueFrom.fieldRef?.fieldPath ?? ""),
  ]);
  return { ...Object.assign({}, ...data), ...Object.fromEntries(own) };
}

function fieldOf(metadata: Pod["metadata"], path: string): string | undefined {
  const [, kind, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (kind === "labels" || kind === "annotations") return metadata[kind][key] ?? "";
  if (path === "metadata.name" || path === "metadata.namespace" || path === "metadata.uid")
    return metadata[path === "metadata.name" ? "name" : path === "metadata.namespace" ? "namespace" : "uid"];
  return undefined;
}

const tokenRequest = z.looseObject({ status: z.looseObject({ token: z.string() }) });

/** What a pod has to reach the API server with: a token of its account that is good for as long as the pod is there. */
async function accessOf({ cluster, directory }: ColoursOptions, { metadata, spec }: Pod): Promise<Environment> {
  const { namespace, name, uid } = metadata;
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
  const { status } = await cluster.api.post(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3_600, boundObjectRef },
    },
    tokenRequest,
  );
  const file = join(directory, `${name}.token`);
  await writeFile(file, status.token, { mode: 0o600 });
  return { KUBERNETES_API_URL: cluster.url, KUBERNETES_TOKEN_FILE: file, KUBERNETES_CA_FILE: cluster.authorityFile };
}
