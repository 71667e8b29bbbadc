/** Whether what names something else names something that is there. */
import { type Check, everything, shapeOf } from "./check.ts";
import {
  at,
  type Document,
  isDocument,
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  ofKind,
  textAt,
  titleOf,
} from "./document.ts";
import { type Pods, podsOf, selects, settingsOf } from "./pods.ts";

const SELECTING_SERVICE = "Service";

export const referenceChecks: readonly Check[] = [
  {
    name: "has no two objects of one name, and each in a namespace that it makes",
    judge: (overlay) => [overlay.objects, overlay.before].flatMap(nameFaults),
  },
  {
    name: "names no account that it does not make, and binds each role to one",
    judge: (overlay) => {
      const objects = everything(overlay);
      const accounts = keysOf(objects, "ServiceAccount");
      const roles = keysOf(objects, "Role");
      return [
        ...podsOf(overlay).flatMap(({ owner, namespace, spec }) =>
          accounts.has(`${namespace}/${textAt(spec, "serviceAccountName")}`)
            ? []
            : [`${owner}: there is no account ${textAt(spec, "serviceAccountName") || "named"} in ${namespace}`],
        ),
        ...ofKind(objects, "RoleBinding").flatMap((binding) => [
          ...(roles.has(`${namespaceOf(binding)}/${textAt(binding, "roleRef", "name")}`)
            ? []
            : [`${titleOf(binding)}: there is no role ${textAt(binding, "roleRef", "name")}`]),
          ...listAt(binding, "subjects").flatMap((subject) =>
            accounts.has(`${textAt(subject, "namespace")}/${textAt(subject, "name")}`)
              ? []
              : [`${titleOf(binding)}: there is no account ${textAt(subject, "namespace")}/${textAt(subject, "name")}`],
          ),
        ]),
      ];
    },
  },
  {
    name: "names no ConfigMap or key that it does not make, and makes none for nobody",
    judge: (overlay) => [overlay.objects, overlay.before].flatMap(configMapFaults),
  },
  {
    name: "names only ports that the pods behind them listen on",
    judge: (overlay) => {
      const pods = podsOf(overlay);
      return [
        ...ofKind(overlay.objects, SELECTING_SERVICE).flatMap((service) => servicePortFaults(service, pods)),
        ...pods.flatMap((each) => each.containers.flatMap((container) => probePortFaults(each, container))),
        ...pods
          .filter(({ component }) => component === "workload")
          .flatMap((each) => listenFaults(each, overlay.objects)),
      ];
    },
  },
  {
    name: "selects with each selector the pods of one thing",
    judge: (overlay) => {
      const pods = podsOf({ objects: overlay.objects, before: [] });
      return overlay.objects.flatMap((object) =>
        selectorsIn(object).flatMap((selector) => {
          const taken = pods.filter(
            ({ namespace, labels }) => namespace === namespaceOf(object) && selects(selector, labels),
          );
          const owners = [...new Set(taken.map(({ owner }) => owner))];
          if (owners.length === 1 && isOwn(object, owners[0] ?? "")) return [];
          const what = owners.length === 0 ? "no pod" : `pods of ${owners.join(", ")}`;
          return [`${titleOf(object)}: ${JSON.stringify(selector)} selects ${what}`];
        }),
      );
    },
  },
  {
    name: "runs each module in one workload, under the name that modules.json says",
    judge: (overlay, platform) => {
      const wanted = shapeOf(overlay, platform).workloads.map(({ name, modules }) => `${name}: ${modules.join(",")}`);
      const found = podsOf(overlay)
        .filter(({ ownerKind }) => ownerKind === "Rollout")
        .map(({ ownerName, containers }) => {
          const [container = {}] = containers;
          return `${ownerName}: ${settingsOf(container, overlay.objects)["MODULES"] ?? "MODULES is not set"}`;
        });
      return [
        ...wanted.filter((line) => !found.includes(line)).map((line) => `there is no workload ${line}`),
        ...found.filter((line) => !wanted.includes(line)).map((line) => `modules.json knows no workload ${line}`),
      ];
    },
  },
];

const keysOf = (objects: readonly Document[], kind: string) =>
  new Set(ofKind(objects, kind).map((object) => `${namespaceOf(object)}/${nameOf(object)}`));

function nameFaults(objects: readonly Document[]): readonly string[] {
  const namespaces = new Set(ofKind(objects, "Namespace").map(nameOf));
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const key = `${textAt(object, "apiVersion")} ${titleOf(object)} in ${namespaceOf(object)}`;
    const isTwice = seen.has(key);
    seen.add(key);
    return [
      ...(isTwice ? [`${key} stands there twice`] : []),
      ...(textAt(object, "kind") === "Namespace" || namespaces.has(namespaceOf(object))
        ? []
        : [`${titleOf(object)}: is in ${namespaceOf(object) || "no namespace"}, which is not made here`]),
    ];
  });
}

/** Those that every namespace has by itself. */
const GIVEN_CONFIG_MAPS: Readonly<Record<string, readonly string[]>> = { "kube-root-ca.crt": ["ca.crt"] };

function configMapFaults(objects: readonly Document[]): readonly string[] {
  const maps = new Map(
    ofKind(objects, "ConfigMap").map((map) => [`${namespaceOf(map)}/${nameOf(map)}`, Object.keys(mapAt(map, "data"))]),
  );
  const used = new Set<string>();
  const faults = podsOf({ objects, before: [] }).flatMap(({ owner, namespace, spec, containers }) => {
    const volumes = listAt(spec, "volumes").flatMap((volume) => [
      volume["configMap"],
      ...listAt(volume, "projected", "sources").map((source) => source["configMap"]),
    ]);
    const references = [
      ...containers.flatMap((container) => [
        ...listAt(container, "envFrom").map((from) => from["configMapRef"]),
        ...listAt(container, "env").map((variable) => at(variable, "valueFrom", "configMapKeyRef")),
      ]),
      ...volumes,
    ].filter(isDocument);
    return references.flatMap((reference) => {
      const name = textAt(reference, "name");
      used.add(`${namespace}/${name}`);
      const keys = maps.get(`${namespace}/${name}`) ?? GIVEN_CONFIG_MAPS[name];
      if (keys === undefined) return [`${owner}: there is no ConfigMap ${name} in ${namespace}`];
      const wanted = [...listAt(reference, "items").map((item) => textAt(item, "key")), textAt(reference, "key")];
      return wanted.filter((key) => key !== "" && !keys.includes(key)).map((key) => `${owner}: ${name} has no ${key}`);
    });
  });
  return [
    ...faults,
    ...[...maps.keys()].filter((name) => !used.has(name)).map((name) => `nobody reads ConfigMap ${name}`),
  ];
}

const portsOf = ({ containers }: Pick<Pods, "containers">) =>
  containers
    .flatMap((container) => listAt(container, "ports"))
    .map((port) => [port["name"], port["containerPort"]] as const);

const hasPort = (ports: ReturnType<typeof portsOf>, wanted: unknown) =>
  ports.some(([name, number]) => wanted !== undefined && (wanted === name || wanted === number));

function servicePortFaults(service: Document, pods: readonly Pods[]): readonly string[] {
  const selector = { matchLabels: mapAt(service, "spec", "selector") };
  const behind = pods.filter(
    ({ namespace, labels }) => namespace === namespaceOf(service) && selects(selector, labels),
  );
  return listAt(service, "spec", "ports").flatMap((port) => {
    const target = port["targetPort"] ?? port["port"];
    return behind
      .filter((each) => !hasPort(portsOf(each), target))
      .map(({ owner }) => `${titleOf(service)}: ${owner} has no port ${String(target)}`);
  });
}

const PROBES = ["startupProbe", "livenessProbe", "readinessProbe"] as const;

const probePortFaults = ({ owner, containers }: Pods, container: Document) =>
  PROBES.flatMap((probe) => {
    const port = at(container, probe, "httpGet", "port");
    const isKnown = port === undefined || hasPort(portsOf({ containers }), port);
    return isKnown ? [] : [`${owner}: its ${probe} asks port ${String(port)}, which no container has`];
  });

/** The ports that the process is told to listen on are those that its container declares. */
function listenFaults({ owner, containers }: Pods, objects: readonly Document[]): readonly string[] {
  const [container = {}] = containers;
  const settings = settingsOf(container, objects);
  const declared = Object.fromEntries(portsOf({ containers }).map(([name, number]) => [String(name), String(number)]));
  return [
    ["PORT", "http"],
    ["INTERNAL_PORT", "internal"],
  ].flatMap(([setting = "", port = ""]) =>
    settings[setting] === declared[port]
      ? []
      : [
          `${owner}: ${setting} is ${settings[setting] ?? "not set"}, and its port ${port} ${declared[port] ?? "is not there"}`,
        ],
  );
}

/** The selectors that are to take in the pods of one thing; those of network policies are not. */
function selectorsIn(object: Document): readonly unknown[] {
  switch (textAt(object, "kind")) {
    case "Service":
      return [{ matchLabels: mapAt(object, "spec", "selector") }];
    case "PodDisruptionBudget":
      return [mapAt(object, "spec", "selector")];
    case "Rollout":
    case "Deployment":
    case "DaemonSet":
      return [
        mapAt(object, "spec", "selector"),
        ...listAt(object, "spec", "template", "spec", "topologySpreadConstraints").map((each) => each["labelSelector"]),
      ];
    default:
      return [];
  }
}

/** A Service or budget is called after what it selects; whatever has a template selects its own pods. */
function isOwn(object: Document, owner: string): boolean {
  const [kind = "", name = ""] = owner.split(" ");
  if (at(object, "spec", "template") !== undefined) return titleOf(object) === owner;
  return kind !== "" && nameOf(object).replace(/-(?:preview|pods)$/, "") === name;
}
