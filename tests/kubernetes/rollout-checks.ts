/** Blue/green: whether a new release is tried before it is switched to, can be gone back from, and loses no request. */
import { declaredIn } from "../collector/declared-metrics.ts";
import { type Check, everything, type Platform, shapeOf } from "./check.ts";
import { at, type Document, listAt, nameOf, numberAt, ofKind, textAt, textsAt, titleOf } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { type Pods, podsOf, settingsOf } from "./pods.ts";

export const rolloutChecks: readonly Check[] = [
  {
    name: "switches a workload only after it was tried and by somebody, and keeps the old colour to return to",
    judge: (overlay) => rollouts(overlay).flatMap((rollout) => switchFaults(rollout, overlay)),
  },
  {
    name: "gives each analysis what it asks for",
    judge: (overlay) => rollouts(overlay).flatMap((rollout) => analysisFaults(rollout, overlay)),
  },
  {
    name: "judges a switch by metrics that the collector makes, of each of the workload's modules",
    judge: metricFaults,
  },
  {
    name: "tells each pod of the Service that says whether it is active, and lets it read that one alone",
    judge: (overlay) => rollouts(overlay).flatMap((rollout) => gateFaults(rollout, overlay)),
  },
  {
    name: "joins each workload to a target group of its own, of nodes",
    judge: balancerFaults,
  },
  {
    name: "gives a pod time to lose its requests before it ends, and to end before it is killed",
    judge: (overlay) => podsOf(overlay).flatMap((pods) => drainFaults(pods, overlay)),
  },
];

const rollouts = ({ objects }: Overlay) => ofKind(objects, "Rollout");
const blueGreen = (rollout: Document) => at(rollout, "spec", "strategy", "blueGreen");

function switchFaults(rollout: Document, overlay: Overlay): readonly string[] {
  const strategy = blueGreen(rollout);
  const title = titleOf(rollout);
  const services = new Set(ofKind(overlay.objects, "Service").map(nameOf));
  const active = textAt(strategy, "activeService");
  const preview = textAt(strategy, "previewService");
  const overlapMs = Number(settingsFor(rollout, overlay)["ACTIVE_OVERLAP_MS"]);
  const delaySeconds = numberAt(strategy, "scaleDownDelaySeconds") ?? 0;
  const faults: readonly (readonly [isWrong: boolean, fault: string])[] = [
    [strategy === undefined, "is not blue/green"],
    [active !== nameOf(rollout), `its active Service is ${active}, not called as it is`],
    [!services.has(active), `there is no Service ${active}`],
    [!services.has(preview), `there is no Service ${preview || "for its preview"}`],
    [active === preview, "its active and its preview Service are one"],
    [at(strategy, "autoPromotionEnabled") !== false, "autoPromotionEnabled must be false: nobody would decide"],
    [at(strategy, "autoPromotionSeconds") !== undefined, "autoPromotionSeconds would switch by itself"],
    [at(strategy, "previewReplicaCount") !== undefined, "previewReplicaCount: after an abort such previews have hung"],
    [templatesOf(rollout, "prePromotionAnalysis").length === 0, "nothing is tried before the switch"],
    [templatesOf(rollout, "postPromotionAnalysis").length === 0, "nothing is looked at after the switch"],
    [
      !(delaySeconds * 1000 > overlapMs),
      `scaleDownDelaySeconds is ${delaySeconds}, and the old colour goes on for ACTIVE_OVERLAP_MS=${overlapMs}`,
    ],
    [at(rollout, "spec", "progressDeadlineAbort") !== true, "progressDeadlineAbort must be true: it would hang"],
    [numberAt(rollout, "spec", "revisionHistoryLimit") === undefined, "revisionHistoryLimit is not set"],
    [at(rollout, "spec", "replicas") !== undefined, "replicas are the autoscaler's: each apply would set them back"],
  ];
  return faults.flatMap(([isWrong, fault]) => (isWrong ? [`${title}: ${fault}`] : []));
}

const PARTS = ["prePromotionAnalysis", "postPromotionAnalysis"] as const;
const templatesOf = (rollout: Document, part: (typeof PARTS)[number]) =>
  listAt(blueGreen(rollout), part, "templates").map((template) => textAt(template, "templateName"));

function analysisFaults(rollout: Document, { objects }: Overlay): readonly string[] {
  const templates = new Map(ofKind(objects, "AnalysisTemplate").map((template) => [nameOf(template), template]));
  return PARTS.flatMap((part) => {
    const given = listAt(blueGreen(rollout), part, "args").map((argument) => textAt(argument, "name"));
    const title = `${titleOf(rollout)}, ${part}`;
    const wanted = templatesOf(rollout, part).flatMap((name) => {
      const template = templates.get(name);
      if (template === undefined) return [];
      return listAt(template, "spec", "args").flatMap((argument) =>
        at(argument, "value") === undefined ? [textAt(argument, "name")] : [],
      );
    });
    return [
      ...templatesOf(rollout, part).flatMap((name) => (templates.has(name) ? [] : [`${title}: there is no ${name}`])),
      ...wanted.flatMap((name) => (given.includes(name) ? [] : [`${title}: ${name} is not given`])),
      ...given.flatMap((name) => (wanted.includes(name) ? [] : [`${title}: nobody asks for ${name}`])),
      ...argumentFaults(rollout, part, title),
    ];
  });
}

/** What the smoke job is told is what stands in the Rollout itself. */
function argumentFaults(rollout: Document, part: (typeof PARTS)[number], title: string): readonly string[] {
  return listAt(blueGreen(rollout), part, "args").flatMap((argument) =>
    textAt(argument, "name") === "service" && textAt(argument, "value") !== textAt(blueGreen(rollout), "previewService")
      ? [`${title}: it tries ${textAt(argument, "value")}, which is not the preview`]
      : [],
  );
}

function metricFaults(overlay: Overlay, platform: Platform): readonly string[] {
  const declared = declaredIn(platform.collector);
  const templates = new Map(
    ofKind(overlay.objects, "AnalysisTemplate").map((template) => [nameOf(template), template]),
  );
  return shapeOf(overlay, platform).workloads.flatMap(({ name, modules }) => {
    const rollout = rollouts(overlay).find((each) => nameOf(each) === name);
    const metrics = (rollout ? templatesOf(rollout, "postPromotionAnalysis") : []).flatMap((template) =>
      listAt(templates.get(template), "spec", "metrics"),
    );
    const judged = new Set<string>();
    const faults = metrics.flatMap((metric) =>
      listAt(metric, "provider", "cloudWatch", "metricDataQueries").flatMap((query) => {
        const asked = at(query, "metricStat", "metric");
        if (asked === undefined) return [];
        const dimensions = listAt(asked, "dimensions");
        for (const dimension of dimensions) if (dimension["name"] === "module") judged.add(textAt(dimension, "value"));
        const names = dimensions.map((dimension) => textAt(dimension, "name")).sort();
        const isMade = declared
          .dimensionsOf(textAt(asked, "metricName"))
          .some((labels) => JSON.stringify([...labels].sort()) === JSON.stringify(names));
        const isOurs = textAt(asked, "namespace") === at(platform.collector.exporters["awsemf"], "namespace");
        return isMade && isOurs
          ? []
          : [
              `${name}: the collector makes no ${textAt(asked, "metricName")} with ${names.join(", ") || "no dimension"}`,
            ];
      }),
    );
    return [
      ...faults,
      ...modules.flatMap((module) => (judged.has(module) ? [] : [`${name}: nothing tells of ${module}`])),
    ];
  });
}

function gateFaults(rollout: Document, overlay: Overlay): readonly string[] {
  const title = titleOf(rollout);
  const active = textAt(blueGreen(rollout), "activeService");
  const told = settingsFor(rollout, overlay)["ACTIVE_SERVICE"];
  const account = textAt(rollout, "spec", "template", "spec", "serviceAccountName");
  const objects = everything(overlay);
  const bound = ofKind(objects, "RoleBinding").filter((binding) =>
    listAt(binding, "subjects").some((subject) => textAt(subject, "name") === account),
  );
  const rules = bound.flatMap((binding) =>
    ofKind(objects, "Role")
      .filter((role) => nameOf(role) === textAt(binding, "roleRef", "name"))
      .flatMap((role) => listAt(role, "rules")),
  );
  const wanted = { apiGroups: [""], resources: ["services"], resourceNames: [active], verbs: ["get", "watch"] };
  const [rule, ...others] = rules;
  const binding = bound.map((each) => [
    textAt(each, "roleRef", "kind"),
    listAt(each, "subjects").map((subject) => textAt(subject, "kind")),
  ]);
  const isRight =
    others.length === 0 &&
    JSON.stringify(binding) === '[["Role",["ServiceAccount"]]]' &&
    Object.entries(wanted).every(([key, texts]) => JSON.stringify(textsAt(rule, key)) === JSON.stringify(texts));
  const hash = ["POD_TEMPLATE_HASH", "metadata.labels['rollouts-pod-template-hash']"];
  const own = ["POD_NAMESPACE", "metadata.namespace"];
  const [container] = listAt(rollout, "spec", "template", "spec", "containers");
  return [
    ...(told === active ? [] : [`${title}: ACTIVE_SERVICE is ${told ?? "not set"}, and its active Service ${active}`]),
    ...(isRight ? [] : [`${title}: its rights are ${JSON.stringify(rules)}, not ${JSON.stringify(wanted)}`]),
    ...[hash, own].flatMap(([name = "", path = ""]) => {
      const found = listAt(container, "env").find((variable) => textAt(variable, "name") === name);
      return textAt(found, "valueFrom", "fieldRef", "fieldPath") === path ? [] : [`${title}: ${name} is not ${path}`];
    }),
  ];
}

function balancerFaults(overlay: Overlay): readonly string[] {
  const bindings = ofKind(overlay.objects, "TargetGroupBinding");
  const services = new Map(ofKind(overlay.objects, "Service").map((service) => [nameOf(service), service]));
  const groups = bindings.map((binding) => textAt(binding, "spec", "targetGroupARN"));
  return [
    ...rollouts(overlay).flatMap((rollout) => {
      const active = textAt(blueGreen(rollout), "activeService");
      const own = bindings.filter((binding) => textAt(binding, "spec", "serviceRef", "name") === active);
      return own.length === 1 ? [] : [`${titleOf(rollout)}: ${own.length} target groups lead to ${active}, not one`];
    }),
    ...bindings.flatMap((binding) => {
      const service = services.get(textAt(binding, "spec", "serviceRef", "name"));
      const port = at(binding, "spec", "serviceRef", "port");
      const ports = listAt(service, "spec", "ports");
      const title = titleOf(binding);
      return [
        ...(textAt(binding, "spec", "targetType") === "instance"
          ? []
          : [`${title}: targetType must be instance: addresses of pods lose requests when the colours are switched`]),
        ...(textAt(service, "spec", "type") === "NodePort"
          ? []
          : [
              `${title}: its Service is ${textAt(service, "spec", "type") || "not there"}, and targets that are nodes need a NodePort`,
            ]),
        ...(port === "http" && ports.some((each) => each["name"] === port)
          ? []
          : [`${title}: it sends to port ${String(port)}, and the public one is http`]),
      ];
    }),
    ...(new Set(groups).size === groups.length ? [] : ["two workloads share a target group"]),
  ];
}

/** What the process leaves of its own deadline to what Kubernetes does before and after. */
const ROOM_SECONDS = 5;

function drainFaults({ owner, ownerKind, component, spec, containers }: Pods, overlay: Overlay): readonly string[] {
  if (ownerKind !== "Rollout" && ownerKind !== "Deployment") return [];
  const graceSeconds = numberAt(spec, "terminationGracePeriodSeconds") ?? 30;
  return containers.flatMap((container) => {
    const sleepSeconds = numberAt(container, "lifecycle", "preStop", "sleep", "seconds") ?? 0;
    const settings = settingsOf(container, overlay.objects);
    const deadlineSeconds = component === "workload" ? Number(settings["SHUTDOWN_DEADLINE_MS"]) / 1000 : 0;
    const drainMs = Number(settings["READINESS_DRAIN_MS"] ?? 0);
    return [
      ...(sleepSeconds >= ROOM_SECONDS ? [] : [`${owner}: preStop must sleep ${ROOM_SECONDS} s at least`]),
      ...(sleepSeconds + deadlineSeconds + ROOM_SECONDS <= graceSeconds
        ? []
        : [`${owner}: is killed after ${graceSeconds} s, and may take ${sleepSeconds} + ${deadlineSeconds} s`]),
      ...(component !== "workload" || drainMs >= 3000
        ? []
        : [`${owner}: READINESS_DRAIN_MS=${drainMs} is less than two readiness probes take`]),
    ];
  });
}

function settingsFor(rollout: Document, { objects }: Overlay) {
  const [container = {}] = listAt(rollout, "spec", "template", "spec", "containers");
  return settingsOf(container, objects);
}
