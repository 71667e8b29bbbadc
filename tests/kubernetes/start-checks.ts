/** What would keep a pod from starting, or make it start as something else, though each field is one that Kubernetes takes. */
import type { Check } from "./check.ts";
import { at, type Document, isDocument, labelsAt, listAt, numberAt, textAt } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { type Pods, podsOf, settingsOf } from "./pods.ts";

export const startChecks: readonly Check[] = [
  {
    name: "waits for nothing that nobody makes, and leaves each pod to the scheduler",
    judge: (overlay) => podsOf(overlay).flatMap(missingFaults),
  },
  {
    name: "runs one container a pod, by the image's own command, and says nothing twice",
    judge: (overlay) => podsOf(overlay).flatMap(containerFaults),
  },
  {
    name: "mounts what each process reads and writes where it looks for it",
    judge: (overlay) => podsOf(overlay).flatMap(mountFaults),
  },
  {
    name: "tells every workload the same of what they share, as values.yaml has it",
    judge: sharedFaults,
  },
];

/** Pods with them would wait for ever, or be refused. */
const NOT_MADE_HERE = [
  "imagePullSecrets",
  "runtimeClassName",
  "schedulerName",
  "nodeName",
  "nodeSelector",
  "hostAliases",
  "dnsConfig",
  "activeDeadlineSeconds",
] as const;

function missingFaults({ owner, ownerKind, spec, containers }: Pods): readonly string[] {
  const lasts = !["Job", "AnalysisTemplate"].includes(ownerKind);
  const restart = textAt(spec, "restartPolicy") || "Always";
  const required = ["nodeAffinity", "podAffinity", "podAntiAffinity"].filter(
    (kind) => at(spec, "affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution") !== undefined,
  );
  return [
    ...NOT_MADE_HERE.filter((field) => spec[field] !== undefined).map(
      (field) => `${owner}: ${field} names what nothing here makes`,
    ),
    ...(["", "system-node-critical", "system-cluster-critical"].includes(textAt(spec, "priorityClassName"))
      ? []
      : [`${owner}: nobody makes the priority class ${textAt(spec, "priorityClassName")}`]),
    ...required.map((kind) => `${owner}: its ${kind} is required, and pods without such a node wait for ever`),
    ...listAt(spec, "volumes").flatMap((volume) =>
      ["secret", "persistentVolumeClaim", "csi"].some((kind) => volume[kind] !== undefined) ||
      listAt(volume, "projected", "sources").some((source) => source["secret"] !== undefined)
        ? [`${owner}: volume ${textAt(volume, "name")} is of what nobody makes`]
        : [],
    ),
    ...containers.flatMap((container) => [
      ...listAt(container, "envFrom").flatMap((from) =>
        isDocument(from["secretRef"]) ? [`${owner}: there is no Secret ${textAt(from, "secretRef", "name")}`] : [],
      ),
      ...listAt(container, "env").flatMap((variable) => {
        const secret = textAt(variable, "valueFrom", "secretKeyRef", "name");
        return secret === "" ? [] : [`${owner}: there is no Secret ${secret}`];
      }),
      ...(textAt(container, "imagePullPolicy") === "Never" ? [`${owner}: imagePullPolicy Never finds no image`] : []),
    ]),
    ...(lasts === (restart === "Always") ? [] : [`${owner}: restartPolicy is ${restart}`]),
    ...(["", "ClusterFirst"].includes(textAt(spec, "dnsPolicy"))
      ? []
      : [`${owner}: dnsPolicy ${textAt(spec, "dnsPolicy")} does not find the Services`]),
  ];
}

/** Ours, whose image has a program and nothing else: no shell and no second command. */
const OWN = ["workload", "smoke", "migrate", "topics"];

function containerFaults({ owner, component, spec, containers }: Pods): readonly string[] {
  const twice = (what: string, found: readonly string[]) =>
    found
      .filter((each, index) => found.indexOf(each) !== index)
      .map((each) => `${owner}: ${what} ${each} is said twice, and the last one counts`);
  return [
    ...(containers.length === 1 ? [] : [`${owner}: has ${containers.length} containers, and one is known`]),
    ...(spec["shareProcessNamespace"] === true ? [`${owner}: shows its processes to each other`] : []),
    ...containers.flatMap((container) => {
      const maps = listAt(container, "envFrom");
      return [
        ...twice(
          "the variable",
          listAt(container, "env").map((variable) => textAt(variable, "name")),
        ),
        ...twice(
          "the mount at",
          listAt(container, "volumeMounts").map((mount) => textAt(mount, "mountPath")),
        ),
        ...(maps.length <= 1 ? [] : [`${owner}: reads ${maps.length} ConfigMaps, of which the last one counts`]),
        ...maps.flatMap((from) => [
          ...(textAt(from, "prefix") === "" ? [] : [`${owner}: prefix ${textAt(from, "prefix")} renames its settings`]),
          ...(at(from, "configMapRef", "optional") === true
            ? [`${owner}: starts without its settings: optional must not be true`]
            : []),
        ]),
        ...(OWN.includes(component)
          ? ["command", "workingDir"]
              .filter((field) => container[field] !== undefined)
              .map((field) => `${owner}: ${field} is the image's`)
          : []),
        ...(OWN.includes(component) && at(container, "lifecycle", "postStart") !== undefined
          ? [`${owner}: postStart has nothing that it could run`]
          : []),
      ];
    }),
  ];
}

/** What a token lives at least by the API server, and how long at most if somebody reads it. */
const TOKEN_SECONDS = { least: 600, most: 24 * 3600 };
const TEMPORARY_SIZES = ["16Mi", "32Mi"];
const API_FILES = "/var/run/secrets/kubernetes.io/serviceaccount";

function mountFaults({ owner, component, spec, containers }: Pods): readonly string[] {
  const [container = {}] = containers;
  const mounts = listAt(container, "volumeMounts").map((mount) => {
    const volume = listAt(spec, "volumes").find((each) => each["name"] === mount["name"]);
    return { path: textAt(mount, "mountPath"), subPath: textAt(mount, "subPath"), volume };
  });
  const filesOf = (path: string) =>
    mounts
      .filter((mount) => mount.path === path)
      .flatMap(({ volume }) => listAt(volume, "projected", "sources"))
      .flatMap((source) => listAt(source, "configMap", "items").map((item) => textAt(item, "path")));
  const temporary = mounts.find(({ path }) => path === "/tmp")?.volume;
  const tokens = listAt(spec, "volumes").flatMap((volume) =>
    listAt(volume, "projected", "sources").flatMap((source) => source["serviceAccountToken"] ?? []),
  );
  return [
    ...(component !== "workload" || isDocument(temporary?.["emptyDir"]) ? [] : [`${owner}: /tmp cannot be written to`]),
    ...(component !== "workload" || TEMPORARY_SIZES.includes(textAt(temporary, "emptyDir", "sizeLimit"))
      ? []
      : [`${owner}: /tmp is in memory, which counts as the pod's: ${TEMPORARY_SIZES.join(" or ")}`]),
    ...(component !== "workload" || filesOf(API_FILES).includes("ca.crt")
      ? []
      : [`${owner}: has no ${API_FILES}/ca.crt, so it does not believe the API server`]),
    ...mounts.flatMap(({ path, subPath }) =>
      subPath === "" ? [] : [`${owner}: what is mounted at ${path} by subPath is never renewed`],
    ),
    ...tokens.flatMap((token) => {
      const seconds = numberAt(token, "expirationSeconds") ?? 3600;
      return seconds >= TOKEN_SECONDS.least && seconds <= TOKEN_SECONDS.most
        ? []
        : [`${owner}: a token of ${seconds} s: from ${TOKEN_SECONDS.least} to ${TOKEN_SECONDS.most}`];
    }),
    ...(component === "collector" || component === "logs" ? configurationFaults(owner, container, mounts) : []),
  ];
}

/** What another's program is told to read lies below one of its mounts. */
function configurationFaults(
  owner: string,
  container: Document,
  mounts: readonly { readonly path: string }[],
): readonly string[] {
  const given: unknown = container["args"];
  const paths = (Array.isArray(given) ? given : []).flatMap(
    (text) => /(\/[\w./-]+\.yaml)$/.exec(String(text))?.[1] ?? [],
  );
  const isThere = paths.length > 0 && paths.every((path) => mounts.some((mount) => path.startsWith(`${mount.path}/`)));
  return isThere ? [] : [`${owner}: is told to read ${paths.join(", ") || "nothing"}, where nothing is mounted`];
}

/** What a workload cannot have otherwise than the others without being refused by them, or being blind. */
const SHARED = [
  "OIDC_ISSUER",
  "SERVICE_ISSUER",
  "SERVICE_NAMESPACE",
  "SERVICE_AUDIENCE",
  "SERVICE_ACCOUNTS",
  "KAFKA_BROKERS",
  "AWS_REGION",
  "PARAMETER_PATH",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "TRUSTED_PROXIES",
  "ACTIVE_OVERLAP_MS",
  "LOG_FORMAT",
] as const;

/** Below this the API server may not have told the other colour yet (docs/blue-green.md). */
const SHORTEST_OVERLAP_MS = 30_000;

function sharedFaults(overlay: Overlay): readonly string[] {
  const { objects, values } = overlay;
  const given = labelsAt(values, "spec", "settings");
  const wanted: Readonly<Record<string, string>> = {
    ...given,
    AWS_REGION: textAt(values, "spec", "region"),
    LOG_FORMAT: "json",
    // CloudFront and the load balancer: with another number callers choose the address that limits count by.
    TRUSTED_PROXIES: "2",
  };
  const collectors = new Set(
    objects
      .filter((object) => textAt(object, "kind") === "Service")
      .flatMap((service) =>
        listAt(service, "spec", "ports").map(
          (port) => `http://${textAt(service, "metadata", "name")}:${String(port["port"])}`,
        ),
      ),
  );
  const said = podsOf(overlay)
    .filter(({ component }) => component === "workload")
    .map(({ owner, containers }) => ({ owner, settings: settingsOf(containers[0] ?? {}, objects) }));
  const [first] = said;
  return said.flatMap(({ owner, settings }) => {
    const brokers = settings["KAFKA_BROKERS"]?.split(",") ?? [];
    const endpoint = settings["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "";
    return [
      ...SHARED.flatMap((name) => {
        const [found, same] = [settings[name], wanted[name] ?? first?.settings[name]];
        const isLeft = found === undefined && (same === undefined || given[name] !== undefined);
        return found === same || isLeft
          ? []
          : [`${owner}: ${name} is ${JSON.stringify(found)}, not ${JSON.stringify(same)}`];
      }),
      ...brokers.flatMap((broker) =>
        broker.trim().endsWith(":9098") ? [] : [`${owner}: KAFKA_BROKERS has ${broker}, and policies admit port 9098`],
      ),
      ...(collectors.has(endpoint)
        ? []
        : [`${owner}: OTEL_EXPORTER_OTLP_ENDPOINT ${endpoint} leads to no Service here`]),
      ...(Number(settings["ACTIVE_OVERLAP_MS"]) >= SHORTEST_OVERLAP_MS
        ? []
        : [
            `${owner}: ACTIVE_OVERLAP_MS=${settings["ACTIVE_OVERLAP_MS"]} is less than a silent watch hides a switch for`,
          ]),
    ];
  });
}
