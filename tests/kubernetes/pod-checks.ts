/** What may run: who it is, what it may touch, what it may use, where it is put. */
import { programCommands } from "../../runtime/cli/program-commands.ts";
import type { Check } from "./check.ts";
import {
  at,
  type Document,
  labelsAt,
  listAt,
  mapAt,
  nameOf,
  numberAt,
  ofKind,
  textAt,
  textsAt,
  titleOf,
} from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { type Pods, podsOf, settingsOf } from "./pods.ts";
import { cores, mebibytes } from "./quantities.ts";

export const podChecks: readonly Check[] = [
  { name: "enforces restricted Pod Security, but for what reads the nodes' logs", judge: namespaceFaults },
  {
    name: "runs nothing that restricted Pod Security refuses",
    judge: (overlay) => podsOf(overlay).flatMap(restrictedFaults),
  },
  {
    name: "lets nothing write outside of what is mounted for it",
    judge: (overlay) => podsOf(overlay).flatMap(rootFaults),
  },
  {
    name: "shows each pod the tokens that it needs and no others",
    judge: (overlay) => podsOf(overlay).flatMap((pods) => tokenFaults(pods, overlay)),
  },
  { name: "names every image by what cannot change, ours by one digest", judge: imageFaults },
  { name: "runs commands that the image has", judge: (overlay) => podsOf(overlay).flatMap(commandFaults) },
  {
    name: "says what each container gets and what it may use, by what was measured",
    judge: (overlay) => podsOf(overlay).flatMap(resourceFaults),
  },
  { name: "asks three different things with three probes", judge: (overlay) => podsOf(overlay).flatMap(probeFaults) },
  {
    name: "spreads each workload over zones and nodes, and lets it onto Spot",
    judge: (overlay) => podsOf(overlay).flatMap(placeFaults),
  },
];

const LOGS = "genai-demo-logs";

function namespaceFaults({ objects, before }: Overlay): readonly string[] {
  const own = [...ofKind(objects, "Namespace"), ...ofKind(before, "Namespace")];
  return own.flatMap((namespace) => {
    const wanted = nameOf(namespace) === LOGS ? "privileged" : "restricted";
    const { [`pod-security.kubernetes.io/enforce`]: enforced = "nothing" } = labelsAt(namespace, "metadata", "labels");
    return enforced === wanted ? [] : [`${titleOf(namespace)}: enforces ${enforced}, not ${wanted}`];
  });
}

const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** The rules of the level `restricted`, as Kubernetes' documentation has them for 1.34. */
function restrictedFaults({ owner, namespace, spec, containers }: Pods): readonly string[] {
  if (namespace === LOGS) return logFaults(owner, spec, containers);
  const seccomp = (of: unknown) => textAt(of, "securityContext", "seccompProfile", "type");
  const faults: readonly (readonly [isWrong: boolean, fault: string])[] = [
    ...["hostNetwork", "hostPID", "hostIPC"].map((field) => [spec[field] === true, `${field} is on`] as const),
    [listAt(spec, "securityContext", "sysctls").length > 0, "sysctls are the node's"] as const,
    ...listAt(spec, "volumes").map(
      (volume) =>
        [
          !VOLUMES.some((kind) => volume[kind] !== undefined),
          `volume ${textAt(volume, "name")} is of a kind that is refused`,
        ] as const,
    ),
    ...containers.flatMap((container) => {
      const context = mapAt(container, "securityContext");
      const name = textAt(container, "name");
      const either = (field: string) => context[field] ?? at(spec, "securityContext", field);
      return [
        [either("runAsNonRoot") !== true, `${name}: runAsNonRoot is not true`],
        [either("runAsUser") === 0, `${name}: is root`],
        [
          !["RuntimeDefault", "Localhost"].includes(seccomp(container) || seccomp(spec)),
          `${name}: has no seccomp profile`,
        ],
        [!["", "Default"].includes(textAt(context, "procMount")), `${name}: sees more of /proc`],
        [either("seLinuxOptions") !== undefined, `${name}: seLinuxOptions are the node's`],
        [context["privileged"] === true, `${name}: is privileged`],
        [context["allowPrivilegeEscalation"] !== false, `${name}: allowPrivilegeEscalation is not false`],
        [!textsAt(context, "capabilities", "drop").includes("ALL"), `${name}: does not drop all capabilities`],
        [
          textsAt(context, "capabilities", "add").some((each) => each !== "NET_BIND_SERVICE"),
          `${name}: adds a capability`,
        ],
        [
          listAt(container, "ports").some((port) => (numberAt(port, "hostPort") ?? 0) !== 0),
          `${name}: has a port of the node`,
        ],
      ] as const;
    }),
  ];
  return faults.flatMap(([isWrong, fault]) => (isWrong ? [`${owner}: ${fault}`] : []));
}

/** What stands outside of Pod Security: reads the nodes' logs, writes to a directory of its own, and nothing else. */
function logFaults(owner: string, spec: Document, containers: readonly Document[]): readonly string[] {
  const paths = listAt(spec, "volumes").flatMap((volume) => textAt(volume, "hostPath", "path") || []);
  const writable = containers.flatMap((container) =>
    listAt(container, "volumeMounts").flatMap((mount) =>
      mount["readOnly"] === true ? [] : [textAt(mount, "mountPath")],
    ),
  );
  const added = containers.flatMap((container) => textsAt(container, "securityContext", "capabilities", "add"));
  const isPrivileged = containers.some(
    (container) =>
      at(container, "securityContext", "privileged") === true ||
      at(container, "securityContext", "allowPrivilegeEscalation") !== false,
  );
  return [
    ...(JSON.stringify(paths.sort()) === '["/var/lib/genai-demo/fluent-bit","/var/log"]'
      ? []
      : [`${owner}: mounts ${paths.join(", ")} of the node`]),
    ...(JSON.stringify(writable) === '["/var/fluent-bit/state"]'
      ? []
      : [`${owner}: may write to ${writable.join(", ")}`]),
    ...(JSON.stringify(added) === '["DAC_READ_SEARCH"]' && !isPrivileged ? [] : [`${owner}: may do more than read`]),
    ...(spec["hostNetwork"] === true || spec["hostPID"] === true ? [`${owner}: is in the node's namespaces`] : []),
  ];
}

const rootFaults = ({ owner, spec, containers }: Pods): readonly string[] => [
  ...containers.flatMap((container) =>
    at(container, "securityContext", "readOnlyRootFilesystem") === true
      ? []
      : [`${owner}: the root file system of ${textAt(container, "name")} can be written to`],
  ),
  ...listAt(spec, "volumes").flatMap((volume) =>
    volume["emptyDir"] === undefined || textAt(volume, "emptyDir", "sizeLimit") !== ""
      ? []
      : [`${owner}: volume ${textAt(volume, "name")} has no sizeLimit`],
  ),
  ...containers.flatMap((container) =>
    listAt(container, "volumeMounts").flatMap((mount) =>
      listAt(spec, "volumes").some((volume) => volume["name"] === mount["name"])
        ? []
        : [`${owner}: there is no volume ${textAt(mount, "name")}`],
    ),
  ),
];

const API_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount";

function tokenFaults({ owner, component, spec, containers }: Pods, overlay: Overlay): readonly string[] {
  const mounted = containers.flatMap((container) =>
    listAt(container, "volumeMounts").flatMap((mount) => {
      const volume = listAt(spec, "volumes").find((each) => each["name"] === mount["name"]);
      return listAt(volume, "projected", "sources").flatMap((source) => {
        const token = source["serviceAccountToken"];
        const path = `${textAt(mount, "mountPath")}/${textAt(token, "path")}`;
        return token === undefined ? [] : [`${path} for ${textAt(token, "audience") || "the API server"}`];
      });
    }),
  );
  const [container = {}] = containers;
  const settings = settingsOf(container, overlay.objects);
  const wanted =
    component === "workload"
      ? [
          `${settings["SERVICE_TOKEN_FILE"]} for ${settings["SERVICE_AUDIENCE"]}`,
          `${API_TOKEN}/token for the API server`,
        ]
      : [];
  return [
    ...(spec["automountServiceAccountToken"] === false ? [] : [`${owner}: automountServiceAccountToken must be false`]),
    ...(spec["enableServiceLinks"] === false
      ? []
      : [`${owner}: enableServiceLinks must be false: they look like settings`]),
    ...wanted.filter((line) => !mounted.includes(line)).map((line) => `${owner}: has no token ${line}`),
    ...mounted.filter((line) => !wanted.includes(line)).map((line) => `${owner}: needs no token ${line}`),
  ];
}

function imageFaults(overlay: Overlay): readonly string[] {
  const image = textAt(overlay.values, "spec", "image");
  return podsOf(overlay).flatMap(({ owner, component, containers }) =>
    containers.flatMap((container) => {
      const given = textAt(container, "image");
      if (["workload", "smoke", "migrate", "topics"].includes(component))
        return given === image && /@sha256:[0-9a-f]{64}$/.test(given)
          ? []
          : [`${owner}: its image is ${given}, not the one of values.yaml by digest`];
      const isPinned = /@sha256:[0-9a-f]{64}$/.test(given) || /:v?\d+\.\d+\.\d+$/.test(given);
      return isPinned ? [] : [`${owner}: its image ${given} is named by nothing that stays`];
    }),
  );
}

function commandFaults({ owner, component, containers }: Pods): readonly string[] {
  if (!["workload", "smoke", "migrate", "topics"].includes(component)) return [];
  return containers.flatMap((container) => {
    const [command = "nothing", ...more] = textsAt(container, "args");
    const wanted = component === "workload" ? "serve" : component;
    const takesMore = component === "smoke" || more.length === 0;
    return command === wanted && takesMore && Object.hasOwn(programCommands, command)
      ? []
      : [`${owner}: runs ${[command, ...more].join(" ")}, not ${wanted}`];
  });
}

/** Resident at saturation (docs/kubernetes.md), which must not look like a lack of memory to the autoscaler. */
const SATURATED_MIB = 485;
const MEMORY_TARGET = 0.8;

function resourceFaults({ owner, component, containers }: Pods): readonly string[] {
  return containers.flatMap((container) => {
    const title = `${owner}, ${textAt(container, "name")}`;
    const read = (of: "requests" | "limits") => [
      cores(at(container, "resources", of, "cpu")),
      mebibytes(at(container, "resources", of, "memory")),
    ];
    const [requestedCores, requestedMib] = read("requests");
    const [coresAllowed, mibAllowed] = read("limits");
    if (!requestedCores || !requestedMib || !coresAllowed || !mibAllowed)
      return [`${title}: requests and limits of cpu and memory must all be there`];
    return [
      ...(requestedCores <= coresAllowed && requestedMib <= mibAllowed
        ? []
        : [`${title}: requests more than it may use`]),
      ...(requestedCores <= 2 && coresAllowed <= 4 && mibAllowed <= 2048 ? [] : [`${title}: no node has that to give`]),
      ...(component !== "workload" || (requestedCores >= 0.25 && coresAllowed >= 1)
        ? []
        : [`${title}: at saturation it uses more than half a core, and is held back`]),
      ...(component !== "workload" || requestedMib * MEMORY_TARGET >= SATURATED_MIB
        ? []
        : [
            `${title}: at saturation it holds ${SATURATED_MIB} MiB, which is over ${MEMORY_TARGET} of the ${requestedMib} MiB requested`,
          ]),
    ];
  });
}

function probeFaults({ owner, ownerKind, component, containers }: Pods): readonly string[] {
  if (["Job", "AnalysisTemplate"].includes(ownerKind)) return [];
  return containers.flatMap((container) => {
    const path = (probe: string) => textAt(container, probe, "httpGet", "path");
    const probes = ["startupProbe", "livenessProbe", "readinessProbe"];
    const missing = probes.filter((probe) => path(probe) === "");
    if (missing.length > 0) return missing.map((probe) => `${owner}: has no ${probe} by HTTP`);
    if (component !== "workload") return [];
    const wanted = ["/health/live", "/health/live", "/health/ready"];
    const startSeconds =
      (numberAt(container, "startupProbe", "periodSeconds") ?? 10) *
      (numberAt(container, "startupProbe", "failureThreshold") ?? 3);
    return [
      ...probes.flatMap((probe, index) =>
        path(probe) === wanted[index] ? [] : [`${owner}: its ${probe} asks ${path(probe)}, not ${wanted[index]}`],
      ),
      ...probes.flatMap((probe) =>
        at(container, probe, "httpGet", "port") === "internal"
          ? []
          : [`${owner}: its ${probe} must ask the internal port, which no client can fill`],
      ),
      ...(startSeconds >= 30 && startSeconds <= 300 ? [] : [`${owner}: has ${startSeconds} s to start`]),
      ...probes.flatMap((probe) => {
        const asked = mapAt(container, probe, "httpGet");
        const isPlain = ["", "HTTP"].includes(textAt(asked, "scheme")) && asked["host"] === undefined;
        const waits = numberAt(container, probe, "initialDelaySeconds") ?? 0;
        const passes = numberAt(container, probe, "successThreshold") ?? 1;
        return [
          ...(isPlain ? [] : [`${owner}: its ${probe} asks somebody else, or by TLS`]),
          ...(waits <= 10 && passes === 1 ? [] : [`${owner}: its ${probe} counts too late: the startup probe waits`]),
        ];
      }),
      ...(failsAfter(container, "livenessProbe") >= 20
        ? []
        : [`${owner}: is killed when it does not answer for ${failsAfter(container, "livenessProbe")} s`]),
      ...(failsAfter(container, "readinessProbe") <= 10
        ? []
        : [`${owner}: gets requests for ${failsAfter(container, "readinessProbe")} s after it is not ready`]),
    ];
  });
}

const failsAfter = (container: Document, probe: string) =>
  (numberAt(container, probe, "periodSeconds") ?? 10) * (numberAt(container, probe, "failureThreshold") ?? 3);

function placeFaults({ owner, component, template, spec }: Pods): readonly string[] {
  if (component === "logs")
    return listAt(spec, "tolerations").some((each) => each["operator"] === "Exists" && each["key"] === undefined)
      ? []
      : [`${owner}: does not run on every node, and what is logged there is lost`];
  if (component !== "workload") return [];
  const constraints = listAt(spec, "topologySpreadConstraints");
  const spread = (key: string, when?: string) =>
    constraints.some(
      (each) =>
        each["topologyKey"] === key &&
        textsAt(each, "matchLabelKeys").includes("rollouts-pod-template-hash") &&
        (when === undefined || each["whenUnsatisfiable"] === when),
    );
  return [
    ...(spread("topology.kubernetes.io/zone", "DoNotSchedule") ? [] : [`${owner}: may be in one zone alone`]),
    ...(constraints.every(
      (each) => each["topologyKey"] === "topology.kubernetes.io/zone" || each["whenUnsatisfiable"] === "ScheduleAnyway",
    )
      ? []
      : [`${owner}: waits for a node for each pod, or for Spot: zones alone may keep one waiting`]),
    ...(spread("kubernetes.io/hostname") ? [] : [`${owner}: is not spread over nodes, each colour by itself`]),
    ...(spread("eks.amazonaws.com/capacityType") ? [] : [`${owner}: may be on Spot alone`]),
    ...(listAt(spec, "tolerations").some((each) => each["key"] === "genai-demo/spot")
      ? []
      : [`${owner}: cannot run on Spot`]),
    ...(textAt(template, "metadata", "annotations", "cluster-autoscaler.kubernetes.io/safe-to-evict") === "true"
      ? []
      : [`${owner}: keeps its node from being emptied: safe-to-evict is not "true"`]),
  ];
}
