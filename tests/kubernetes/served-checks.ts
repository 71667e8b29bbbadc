/** How requests reach the pods: the kinds of Services, their ports, and what AWS is told of them. */
import { type Check, everything } from "./check.ts";
import { at, isDocument, labelsAt, listAt, mapAt, nameOf, ofKind, textAt, titleOf } from "./document.ts";
import type { Overlay } from "./overlays.ts";

export const servedChecks: readonly Check[] = [
  {
    name: "leads each port of a Service to the port of that name, and shows none of them to the internet",
    judge: serviceFaults,
  },
  { name: "gives each thing what AWS calls by its name, in one account and region, as one text", judge: nameFaults },
];

const PORTS: Readonly<Record<string, number>> = { http: 8080, internal: 8081, "otlp-http": 4318 };

function serviceFaults(overlay: Overlay): readonly string[] {
  const active = new Set(ofKind(overlay.objects, "Rollout").map(nameOf));
  const nodePorts = new Set<unknown>();
  return [
    ...ofKind(everything(overlay), "Ingress").map((each) => `${titleOf(each)}: the load balancer is Terraform's`),
    ...ofKind(overlay.objects, "Service").flatMap((service) => {
      const title = titleOf(service);
      const spec = mapAt(service, "spec");
      const type = textAt(spec, "type") || "ClusterIP";
      const isEach = nameOf(service).endsWith("-pods");
      const faults: readonly (readonly [isWrong: boolean, fault: string])[] = [
        [type !== (active.has(nameOf(service)) ? "NodePort" : "ClusterIP"), `its type is ${type}`],
        [
          isEach !== (spec["clusterIP"] === "None"),
          "only that of each pod is headless: its name has to give all of them",
        ],
        [
          isEach !== (spec["publishNotReadyAddresses"] === true),
          "only that of each pod names those that are not ready",
        ],
        [
          !["", "None"].includes(textAt(spec, "sessionAffinity")),
          "sessionAffinity keeps clients at pods of the colour that goes",
        ],
        [
          !["", "Cluster"].includes(textAt(spec, "externalTrafficPolicy")),
          "externalTrafficPolicy: each node is a target, also without a pod",
        ],
        ...listAt(spec, "ports").flatMap((port) => {
          const name = textAt(port, "name");
          const isTwice = port["nodePort"] !== undefined && nodePorts.has(port["nodePort"]);
          nodePorts.add(port["nodePort"]);
          return [
            [port["port"] !== PORTS[name], `port ${name} is ${String(port["port"])}, not ${PORTS[name]}`],
            [port["targetPort"] !== name, `port ${name} leads to ${String(port["targetPort"])}`],
            [!["", "TCP"].includes(textAt(port, "protocol")), `port ${name} is not TCP`],
            [isTwice, `nodePort ${String(port["nodePort"])} is another's`],
          ] as const;
        }),
      ];
      return faults.flatMap(([isWrong, fault]) => (isWrong ? [`${title}: ${fault}`] : []));
    }),
  ];
}

function nameFaults(overlay: Overlay): readonly string[] {
  const { values, objects } = overlay;
  const region = textAt(values, "spec", "region");
  // The image's may be another: a registry can be shared.
  const [, account = ""] = /::(\d{12}):/.exec(Object.values(labelsAt(values, "spec", "roles"))[0] ?? "") ?? [];
  const roles = ofKind(everything(overlay), "ServiceAccount").map((each) => {
    const role = labelsAt(each, "metadata", "annotations")["eks.amazonaws.com/role-arn"];
    return { title: titleOf(each), name: nameOf(each), role };
  });
  return [
    ...untidyIn(values["spec"], "").map((path) => `values.yaml: ${path} has a space, a quote or a line's end in it`),
    ...roles.flatMap(({ title, name, role }) => {
      if (name === "smoke") return role === undefined ? [] : [`${title}: needs nothing of AWS, and has a role`];
      return role?.includes(`::${account}:`) && role.endsWith(`-${name}`)
        ? []
        : [`${title}: its role is ${role}, which is not that of ${name} in account ${account}`];
    }),
    ...ofKind(objects, "TargetGroupBinding").flatMap((binding) => {
      const arn = textAt(binding, "spec", "targetGroupARN");
      const isOwn = arn.includes(`:${region}:${account}:targetgroup/`) && arn.includes(`-${nameOf(binding)}/`);
      return [
        ...(isOwn ? [] : [`${titleOf(binding)}: ${arn} is not that of ${nameOf(binding)} in ${account}, ${region}`]),
        ...(isDocument(at(binding, "spec", "networking"))
          ? [`${titleOf(binding)}: networking would open security groups, which are Terraform's`]
          : []),
      ];
    }),
  ];
}

/** Kustomize puts a value in as it is, and not everybody who reads it forgives what a copy brought along. */
function untidyIn(value: unknown, path: string): readonly string[] {
  if (typeof value === "string") return /["'`\s]/.test(value) || value === "" ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => untidyIn(inner, path === "" ? name : `${path}.${name}`));
}
