/**
 * Whether the processes start with what they are given: each pod's settings go through the application's own loader, with
 * samples of those that come from Parameter Store.
 */

import { loadPlatformConfig } from "../../runtime/config/platform-config.ts";
import type { Mode } from "../../runtime/config/settings.ts";
import { messageOf } from "../../runtime/error-text.ts";
import type { Module } from "../../runtime/module.ts";
import { type Check, type Platform, shapeOf } from "./check.ts";
import { at, type Document, listAt, mapAt, nameOf, numberAt, ofKind, textAt, textsAt, titleOf } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { type Pods, podsOf, settingsOf } from "./pods.ts";

export const configurationChecks: readonly Check[] = [
  {
    name: "gives each process settings that it knows and starts with",
    judge: (overlay, platform) => podsOf(overlay).flatMap((pods) => settingFaults(pods, overlay, platform)),
  },
  { name: "leads each process to the others, and lets it believe them", judge: peerFaults },
  { name: "holds no secret", judge: secretFaults },
  { name: "runs the jobs that come before once a release, with the topics where there is Kafka", judge: jobFaults },
];

/** Which settings come from Parameter Store (docs/kubernetes.md), with something of their form; logins are IAM's. */
export function parameters(
  modules: readonly Module[],
  { ofServer, mode }: { readonly ofServer: "each" | "one"; readonly mode: Mode },
): Readonly<Record<string, string>> {
  const shared = {
    DATABASE_LOGIN: "iam",
    REDIS_URL: "rediss://app@cache.example:6379",
    REDIS_LOGIN: "iam",
    REDIS_CACHE_NAME: "genai-demo",
    ...(ofServer === "each" ? { KAFKA_SASL: "iam" } : {}),
  };
  if (mode === "topics") return shared;
  const sample = (user: string) => `postgres://${user}@db.example:5432/genai?sslmode=verify-full`;
  const databases =
    ofServer === "one"
      ? { DATABASE_URL: sample("app") }
      : Object.fromEntries(modules.map(({ name }) => [`${name.toUpperCase()}_DATABASE_URL`, sample(`${name}_app`)]));
  const secrets = modules.flatMap(({ name, webhooksFrom }) =>
    webhooksFrom === null ? [] : [[`${name.toUpperCase()}_WEBHOOK_SECRETS`, "sample-of-a-secret"]],
  );
  return { ...shared, ...databases, ...Object.fromEntries(secrets) };
}

/** What the image sets, and the kubelet in every pod. */
const BY_OTHERS = { NODE_ENV: "production", KUBERNETES_SERVICE_HOST: "172.20.0.1", KUBERNETES_SERVICE_PORT: "443" };

const MODES: Readonly<Record<string, Mode>> = { serve: "serve", migrate: "migrate", topics: "topics" };

function settingFaults(pods: Pods, overlay: Overlay, platform: Platform): readonly string[] {
  const [container = {}] = pods.containers;
  const [command = ""] = textsAt(container, "args");
  const mode = MODES[command];
  if (mode === undefined) return [];
  const { transport } = shapeOf(overlay, platform);
  const fromPod = Object.fromEntries(
    listAt(container, "env").flatMap((variable) =>
      variable["valueFrom"] === undefined ? [] : [[textAt(variable, "name"), "sample"]],
    ),
  );
  const given = { ...settingsOf(container, [...overlay.objects, ...overlay.before]), ...fromPod };
  const env = {
    ...BY_OTHERS,
    ...given,
    ...parameters(platform.modules, { ofServer: transport === "kafka" ? "each" : "one", mode }),
  };
  // Settings that nothing gives are looked for there.
  const unread =
    given["PARAMETER_PATH"] === undefined ? [`${pods.owner}: reads no parameters: PARAMETER_PATH is not set`] : [];
  try {
    const { table } = loadPlatformConfig({
      modules: platform.modules.map(({ name }) => name),
      webhooksFrom: new Map(
        platform.modules.flatMap(({ name, webhooksFrom }) => (webhooksFrom === null ? [] : [[name, webhooksFrom]])),
      ),
      mode,
      cwd: "/",
      env,
    });
    const known = new Set(table.map((row) => row.env));
    const strange = Object.keys(given).filter((name) => !known.has(name));
    return [...unread, ...strange.map((name) => `${pods.owner}: nobody reads ${name}`)];
  } catch (error) {
    return [`${pods.owner}: ${messageOf(error)}`];
  }
}

/** The addresses of the other modules lead to Services here, and their accounts speak for the modules that they run. */
function peerFaults(overlay: Overlay, platform: Platform): readonly string[] {
  const shape = shapeOf(overlay, platform);
  const services = new Map(
    ofKind(overlay.objects, "Service").map((service) => [
      nameOf(service),
      listAt(service, "spec", "ports").map((port) => port["port"]),
    ]),
  );
  const names = platform.modules.map(({ name }) => name);
  const speakers = shape.workloads.map(
    ({ name, modules, hasEdge }) => `${name}=${[...modules, ...(hasEdge ? ["edge"] : [])].join("+")}`,
  );
  return podsOf(overlay)
    .filter(({ component }) => component === "workload")
    .flatMap(({ owner, containers }) => {
      const [container = {}] = containers;
      const settings = settingsOf(container, overlay.objects);
      const suffix = settings["REPLICAS_HOST_SUFFIX"] ?? "";
      const accounts =
        settings["SERVICE_ACCOUNTS"]?.split(",") ??
        names.map((name) => speakers.find((each) => each.startsWith(`${name}=`)) ?? name);
      return [
        ...names.flatMap((module) => {
          const home = shape.workloads.find(({ modules }) => modules.includes(module))?.name;
          const text = (settings[`${module.toUpperCase()}_RPC_URL`] ?? settings["RPC_URL"] ?? "").replaceAll(
            "{module}",
            module,
          );
          const url = URL.canParse(text) ? new URL(text) : undefined;
          const isThere = url && services.get(url.hostname)?.includes(Number(url.port));
          const isEach = url && suffix !== "" && services.get(`${url.hostname}${suffix}`)?.includes(Number(url.port));
          return [
            ...(isThere && url.hostname === home
              ? []
              : [`${owner}: finds ${module} at ${text || "no address"}, not at ${home}`]),
            ...(isEach ? [] : [`${owner}: finds no replicas of ${module} at ${url?.hostname}${suffix}`]),
          ];
        }),
        ...(JSON.stringify([...accounts].sort()) === JSON.stringify([...speakers].sort())
          ? []
          : [`${owner}: believes ${accounts.join(",")}, and there are ${speakers.join(",")}`]),
      ];
    });
}

function secretFaults(overlay: Overlay): readonly string[] {
  return [...overlay.objects, ...overlay.before].flatMap((object) => [
    ...(textAt(object, "kind") === "Secret" ? [`${titleOf(object)}: secrets are in Parameter Store`] : []),
    ...(textAt(object, "kind") === "ConfigMap"
      ? Object.entries(mapAt(object, "data")).flatMap(([key, text]) =>
          /PASSWORD|SECRET|_KEY$|DATABASE_URL|REDIS_URL/.test(key) || /:\/\/[^/\s:]+:[^/\s@]+@/.test(String(text))
            ? [`${titleOf(object)}: ${key} belongs into Parameter Store`]
            : [],
        )
      : []),
  ]);
}

function jobFaults(overlay: Overlay, platform: Platform): readonly string[] {
  const jobs = ofKind(overlay.before, "Job").map(nameOf).sort();
  const [, digest = ""] = textAt(overlay.values, "spec", "image").split("@sha256:");
  const release = textAt(overlay.values, "spec", "release");
  const wanted = ["migrate", ...(shapeOf(overlay, platform).transport === "kafka" ? ["topics"] : [])].map(
    (name) => `${name}-${release}`,
  );
  return [
    ...(/^[0-9a-f]{12}$/.test(release) && digest.startsWith(release)
      ? []
      : [`values.yaml: release is ${release}, and the image's digest ${digest}`]),
    ...(JSON.stringify(jobs) === JSON.stringify(wanted)
      ? []
      : [`the jobs before are ${jobs.join(", ")}, not ${wanted.join(", ")}`]),
    ...ofKind(overlay.before, "Job").flatMap((job) => onceFaults(job, overlay.before)),
    ...ofKind(overlay.objects, "Job").map((job) => `${titleOf(job)}: would run at the same time as what needs it`),
  ];
}

/** What a migration is given at least: it may have to rewrite a table. */
const LEAST_SECONDS = 300;

/** A job ends when it has done its work, is there to be waited for, and runs as itself. */
function onceFaults(job: Document, objects: readonly Document[]): readonly string[] {
  const [name = ""] = nameOf(job).split("-");
  const account = textAt(job, "spec", "template", "spec", "serviceAccountName");
  const [container = {}] = listAt(job, "spec", "template", "spec", "containers");
  const faults: readonly (readonly [isWrong: boolean, fault: string])[] = [
    ...["parallelism", "completions"].map(
      (field) => [(numberAt(job, "spec", field) ?? 1) !== 1, `${field} must be 1`] as const,
    ),
    [at(job, "spec", "suspend") === true, "is suspended, and would be waited for in vain"],
    [at(job, "spec", "ttlSecondsAfterFinished") !== undefined, "goes by itself, and is run again by the next apply"],
    [(numberAt(job, "spec", "activeDeadlineSeconds") ?? LEAST_SECONDS) < LEAST_SECONDS, "is ended too early"],
    [(numberAt(job, "spec", "backoffLimit") ?? 6) < 1, "is not tried again: backoffLimit must be 1 at least"],
    [account !== name, `runs as ${account || "nobody"}, not as ${name}`],
    [settingsOf(container, objects)["MODULES"] !== undefined, "is for all modules: MODULES must not be set"],
  ];
  return faults.flatMap(([isWrong, fault]) => (isWrong ? [`${titleOf(job)}: ${fault}`] : []));
}
