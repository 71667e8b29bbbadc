/** How many pods there may be, and what they use up together. */
import { SHARDS } from "../../runtime/messages/shard.ts";
import { type Check, type Platform, shapeOf } from "./check.ts";
import { connectionsOf } from "./connections.ts";
import { at, type Document, labelsAt, listAt, mapAt, nameOf, numberAt, ofKind, textAt, titleOf } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { podsOf, selects } from "./pods.ts";

export const budgetChecks: readonly Check[] = [
  { name: "scales each workload, and nothing else, by CPU and memory", judge: autoscalerFaults },
  { name: "keeps a pod of each thing when nodes are drained, and lets them be drained", judge: disruptionFaults },
  {
    name: "opens no more connections than the databases take, with both colours at their most",
    judge: connectionFaults,
  },
  { name: "has no pod that finds no partition and no shard to work on", judge: shareFaults },
];

/** Where trying things out is all that counts, one pod is enough. */
const SINGLE = "dev";
const MOST_PODS = 10;
const COLOURS = 2;
const WANTED_USE = [
  { name: "cpu", target: 70 },
  { name: "memory", target: 80 },
];

function autoscalerFaults({ name, objects }: Overlay): readonly string[] {
  const scalers = ofKind(objects, "HorizontalPodAutoscaler");
  const rollouts = ofKind(objects, "Rollout");
  const targetOf = (scaler: Document) => {
    const { apiVersion, kind, name: target } = mapAt(scaler, "spec", "scaleTargetRef");
    return `${String(apiVersion)} ${String(kind)} ${String(target)}`;
  };
  return [
    ...rollouts.flatMap((rollout) => {
      const own = scalers.filter((scaler) => targetOf(scaler) === `argoproj.io/v1alpha1 Rollout ${nameOf(rollout)}`);
      return own.length === 1 ? [] : [`${titleOf(rollout)}: ${own.length} autoscalers scale it, not one`];
    }),
    ...scalers.flatMap((scaler) => {
      const least = numberAt(scaler, "spec", "minReplicas") ?? 1;
      const most = numberAt(scaler, "spec", "maxReplicas") ?? 0;
      const use = listAt(scaler, "spec", "metrics").map((metric) => ({
        name: textAt(metric, "resource", "name"),
        target: numberAt(metric, "resource", "target", "averageUtilization"),
      }));
      const title = titleOf(scaler);
      const byUse = listAt(scaler, "spec", "metrics").every(
        (metric) => textAt(metric, "resource", "target", "type") === "Utilization",
      );
      const disabled = ["scaleUp", "scaleDown"].filter(
        (way) => textAt(scaler, "spec", "behavior", way, "selectPolicy") === "Disabled",
      );
      const down = listAt(scaler, "spec", "behavior", "scaleDown", "policies");
      const isSlow =
        down.length > 0 && down.every((policy) => textAt(policy, "type") === "Pods" && policy["value"] === 1);
      return [
        ...(byUse ? [] : [`${title}: a target's type is not Utilization`]),
        ...disabled.map((way) => `${title}: ${way} is disabled`),
        ...(isSlow ? [] : [`${title}: lets more than one pod go at a time, and each moves partitions and shards`]),
        ...(rollouts.some((rollout) => targetOf(scaler) === `argoproj.io/v1alpha1 Rollout ${nameOf(rollout)}`)
          ? []
          : [`${title}: scales ${targetOf(scaler)}, which is no Rollout here`]),
        ...(JSON.stringify(use) === JSON.stringify(WANTED_USE)
          ? []
          : [`${title}: scales by ${JSON.stringify(use)}, not by CPU 70 % and memory 80 %`]),
        ...(least >= (name === SINGLE ? 1 : 2) ? [] : [`${title}: ${least} pod is none when a node fails`]),
        ...(most > least && most <= MOST_PODS
          ? []
          : [`${title}: from ${least} to ${most}, and the most is ${MOST_PODS}`]),
      ];
    }),
  ];
}

function disruptionFaults(overlay: Overlay): readonly string[] {
  const budgets = ofKind(overlay.objects, "PodDisruptionBudget");
  const kept = podsOf({ objects: overlay.objects, before: [] }).filter(({ ownerKind }) =>
    ["Rollout", "Deployment"].includes(ownerKind),
  );
  return [
    ...ofKind(overlay.objects, "Deployment").flatMap((each) =>
      (numberAt(each, "spec", "replicas") ?? 1) >= (overlay.name === SINGLE ? 1 : 2)
        ? []
        : [`${titleOf(each)}: too few replicas are left when a node fails`],
    ),
    ...kept.flatMap(({ owner, labels }) => {
      const own = budgets.filter((budget) => selects(at(budget, "spec", "selector"), labels));
      return own.length === 1 ? [] : [`${owner}: ${own.length} budgets are for it, not one`];
    }),
    ...budgets.flatMap((budget) => {
      const most = at(budget, "spec", "maxUnavailable");
      // A number that must be there blocks every drain once there are just so many.
      const isGoing = typeof most === "number" && most >= 1 && at(budget, "spec", "minAvailable") === undefined;
      return [
        ...(isGoing
          ? []
          : [`${titleOf(budget)}: lets no pod go by maxUnavailable, so a node with one is never drained`]),
        ...(typeof most === "number" && most > 1 ? [`${titleOf(budget)}: lets ${most} pods go at once`] : []),
        ...(textAt(budget, "spec", "unhealthyPodEvictionPolicy") === "AlwaysAllow"
          ? []
          : [`${titleOf(budget)}: a pod that is not ready keeps its node: unhealthyPodEvictionPolicy: AlwaysAllow`]),
      ];
    }),
  ];
}

const mostPods = ({ objects }: Overlay, workload: string) =>
  numberAt(
    ofKind(objects, "HorizontalPodAutoscaler").find(
      (scaler) => textAt(scaler, "spec", "scaleTargetRef", "name") === workload,
    ),
    "spec",
    "maxReplicas",
  ) ?? 0;

/** What the migration opens on a server at a time. */
const MIGRATION_CONNECTIONS = 2;
/** The rest is for whoever looks into the database by hand, for backups and for PostgreSQL itself. */
const USABLE = 0.8;

function connectionFaults(overlay: Overlay, platform: Platform): readonly string[] {
  const { workloads, transport, maxConnections } = shapeOf(overlay, platform);
  const byModule = connectionsOf(platform.modules);
  const opened = workloads.flatMap(({ name, modules }) =>
    modules.map((module) => ({ module, connections: (byModule.get(module) ?? 0) * mostPods(overlay, name) * COLOURS })),
  );
  const total = opened.reduce((sum, { connections }) => sum + connections, 0);
  // Split, each module has a server of its own.
  const servers = transport === "kafka" ? opened : [{ module: "all modules", connections: total }];
  const usable = Math.floor(maxConnections * USABLE);
  return servers.flatMap(({ module, connections }) =>
    connections + MIGRATION_CONNECTIONS <= usable && connections > 0
      ? []
      : [
          `the database of ${module}: ${connections} + ${MIGRATION_CONNECTIONS} connections, and it takes ${usable} (0.8 of ${maxConnections})`,
        ],
  );
}

/**
 * Of both colours the new one alone consumes, but for the overlap: for that half a minute some members of a group have no
 * partition, and get one when the old colour has left. So one colour counts.
 */
function shareFaults(overlay: Overlay, platform: Platform): readonly string[] {
  const { workloads, transport } = shapeOf(overlay, platform);
  const topics = ofKind(overlay.before, "ConfigMap").find((map) => nameOf(map) === "topics-settings");
  const partitions = Number(labelsAt(topics, "data")["KAFKA_PARTITIONS"] ?? 0);
  return workloads.flatMap(({ name }) => {
    const most = mostPods(overlay, name);
    return [
      ...(transport === "inprocess" || most <= partitions
        ? []
        : [`${name}: ${most} pods, and topics have ${partitions} partitions`]),
      ...(most <= SHARDS ? [] : [`${name}: ${most} pods, and a module has ${SHARDS} shards`]),
    ];
  });
}
