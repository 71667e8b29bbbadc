/**
 * k8s/shapes: what differs from one workload to the next, for Kustomize. Everything that they have in common is written by
 * hand in k8s/workload.
 */
import type { ModuleFacts } from "../module.ts";
import { EDGE } from "../registry.ts";
import type { RpcMethodName } from "../rpc/port.ts";
import { type Shape, shapesOf, type Workload } from "./deployment-shapes.ts";
import { successRate } from "./success-rate.ts";

const INTERNAL_PORT = 8081;
/** What is behind the name of a workload's Service in that of the one that leads to each of its pods (k8s/workload). */
const PODS_SUFFIX = "-pods";
const NOT_EDITED = "# Written by `bun run modules` from the modules' declarations.\n";
const KUSTOMIZATION = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };
const COMPONENT = { apiVersion: "kustomize.config.k8s.io/v1alpha1", kind: "Component" };

/** The files of every shape, by their paths from the checkout's root. */
export const kubernetesFiles = (modules: readonly ModuleFacts[], edgeAsks: readonly RpcMethodName[]) =>
  Object.entries(shapesOf(modules, edgeAsks)).flatMap(([name, shape]) =>
    filesOf(shape).map(([path, document]) => ({
      path: `k8s/shapes/${name}/${path}`,
      text: `${NOT_EDITED}${Bun.YAML.stringify(document, null, 2)}\n`,
    })),
  );

function filesOf(shape: Shape): readonly (readonly [path: string, document: unknown])[] {
  const isSplit = shape.transport === "kafka";
  return [
    [
      "kustomization.yaml",
      {
        ...KUSTOMIZATION,
        resources: [...shape.workloads.map(({ name }) => name), ...(isSplit ? ["../../kafka/network"] : [])],
      },
    ],
    ["values/kustomization.yaml", valuesOf(shape)],
    ...shape.workloads.flatMap(
      (workload) =>
        [
          [`${workload.name}/kustomization.yaml`, workloadOf(workload, shape)],
          [`${workload.name}/identity.yaml`, identityOf(workload)],
          [`${workload.name}/edges.yaml`, edgesOf(workload, shape)],
          [`${workload.name}/success-rate.yaml`, successRate(workload.modules)],
        ] as const,
    ),
  ];
}

const workloadOf = (workload: Workload, shape: Shape) => ({
  ...KUSTOMIZATION,
  resources: ["../../../workload", "identity.yaml", "edges.yaml", "success-rate.yaml"],
  components: [...(shape.transport === "kafka" ? ["../../../kafka"] : []), "../../../workload/named"],
  configMapGenerator: [{ name: "workload-settings", behavior: "merge", literals: settingsOf(workload, shape) }],
});

/** What k8s/workload/named takes the names from. It is not applied. */
const identityOf = ({ name, modules }: Workload) => ({
  apiVersion: "genai-demo/v1",
  kind: "Identity",
  metadata: { name, annotations: { "config.kubernetes.io/local-config": "true" } },
  spec: { modules: modules.join(",") },
});

/** Where the other modules are asked, and whom each account speaks for; as little as each shape needs. */
function settingsOf(workload: Workload, { transport, workloads }: Shape): readonly string[] {
  const urlOf = (name: string) => `http://${name}:${INTERNAL_PORT}`;
  const replicas = `REPLICAS_HOST_SUFFIX=${PODS_SUFFIX}`;
  if (workloads.every(({ name, modules }) => modules.length === 1 && modules[0] === name))
    return [`TRANSPORT=${transport}`, `RPC_URL=${urlOf("{module}")}`, replicas];
  const accounts = workloads.map(
    ({ name, modules, hasEdge }) => `${name}=${[...modules, ...(hasEdge ? [EDGE] : [])].join("+")}`,
  );
  const urls =
    workloads.length === 1
      ? [`RPC_URL=${urlOf(workload.name)}`]
      : workloads.flatMap(({ name, modules }) =>
          modules.map((module) => `${module.toUpperCase()}_RPC_URL=${urlOf(name)}`),
        );
  return [`TRANSPORT=${transport}`, ...urls, replicas, `SERVICE_ACCOUNTS=${accounts.join(",")}`];
}

/** On the internal port: who asks it, and whom it asks. */
function edgesOf({ name, asks }: Workload, { workloads }: Shape) {
  const peers = (names: readonly string[]) =>
    names.map((peer) => ({ podSelector: { matchLabels: { "app.kubernetes.io/name": peer } } }));
  const ports = () => [{ port: INTERNAL_PORT, protocol: "TCP" }];
  const askers = workloads.filter((other) => other.asks.includes(name)).map((other) => other.name);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: "workload-edges",
      namespace: "genai-demo",
      labels: { "app.kubernetes.io/part-of": "genai-demo" },
    },
    spec: {
      podSelector: { matchLabels: { "app.kubernetes.io/name": "workload" } },
      policyTypes: ["Ingress", "Egress"],
      // A rule without peers would admit everybody.
      ...(askers.length > 0 && { ingress: [{ from: peers(askers), ports: ports() }] }),
      ...(asks.length > 0 && { egress: [{ to: peers(asks), ports: ports() }] }),
    },
  };
}

const valuesOf = (shape: Shape) => ({
  ...COMPONENT,
  replacements: shape.workloads.flatMap(({ name }) => [
    {
      source: { kind: "Values", fieldPath: `spec.roles.${name}` },
      targets: [
        {
          select: { kind: "ServiceAccount", name },
          fieldPaths: ["metadata.annotations.[eks.amazonaws.com/role-arn]"],
        },
      ],
    },
    {
      source: { kind: "Values", fieldPath: `spec.targetGroups.${name}` },
      targets: [{ select: { kind: "TargetGroupBinding", name }, fieldPaths: ["spec.targetGroupARN"] }],
    },
  ]),
});
