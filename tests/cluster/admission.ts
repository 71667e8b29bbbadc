/** Objects that the API server must refuse, each with what its refusal must speak of. */
import type { Kubectl } from "./kubectl.ts";

const RESTRICTED = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  seccompProfile: { type: "RuntimeDefault" },
};
const CONTAINER = {
  name: "app",
  image: "registry.example/genai-demo@sha256:00",
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};

const podWith = (pod: object, container: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "planted" },
  spec: { securityContext: RESTRICTED, containers: [{ ...CONTAINER, ...container }], ...pod },
});

/** This one it must take: else the refusals of the others say nothing. */
export const GOOD_POD = podWith({});

export const REFUSED: readonly (readonly [what: string, object: object, reason: RegExp])[] = [
  ["a pod that may be root", podWith({ securityContext: { ...RESTRICTED, runAsNonRoot: false } }), /runAsNonRoot/],
  ["a pod that is root", podWith({ securityContext: { ...RESTRICTED, runAsUser: 0 } }), /runAsUser=0/],
  ["a pod of its host's network", podWith({ hostNetwork: true }), /host namespaces/],
  ["a pod with a path of its host", podWith({ volumes: [{ name: "v", hostPath: { path: "/" } }] }), /hostPath/],
  ["a privileged container", podWith({}, { securityContext: { privileged: true } }), /privileged/],
  [
    "a container with a capability",
    podWith({}, { securityContext: { ...CONTAINER.securityContext, capabilities: { add: ["NET_ADMIN"] } } }),
    /capabilities/,
  ],
  ["a container without seccomp", podWith({ securityContext: { runAsNonRoot: true } }), /seccompProfile/],
  [
    "a container that wants more than its limit",
    podWith({}, { resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
    /must be less than or equal to cpu limit/,
  ],
  ["a mistyped field", podWith({ restartPolice: "Never" }), /restartPolice/],
  [
    "an autoscaler whose most is less than its least",
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "planted" },
      spec: {
        minReplicas: 3,
        maxReplicas: 2,
        scaleTargetRef: { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "order" },
      },
    },
    /maxReplicas/,
  ],
  [
    "a rollout of no known strategy",
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Rollout",
      metadata: { name: "planted" },
      spec: { strategy: { greenBlue: {} } },
    },
    /greenBlue/,
  ],
];

/** What of these was taken, or refused for another reason. */
export async function admissionFaults(kubectl: Kubectl, namespace: string): Promise<readonly string[]> {
  const attempt = (object: object) =>
    kubectl.run(
      ["create", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-"],
      JSON.stringify(object),
    );
  const good = await attempt(GOOD_POD);
  const faults = good.code === 0 ? [] : [`a pod with nothing wrong was refused: ${good.said}`];
  const refusals = await Promise.all(
    REFUSED.map(async ([what, object, reason]) => {
      const { code, said } = await attempt(object);
      if (code === 0) return [`${what} was taken`];
      return reason.test(said) ? [] : [`${what} was refused for another reason: ${said}`];
    }),
  );
  return [...faults, ...refusals.flat()];
}
