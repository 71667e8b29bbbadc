/**
 * Who may speak with whom. Policies add up, so what counts is the sum of all that select a pod: it is worked out for each
 * kind of pod and held against what modules.json says of the modules, and a table of what else a pod needs.
 */
import { type Check, everything, type Platform, shapeOf } from "./check.ts";
import {
  type Document,
  isDocument,
  labelsAt,
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  ofKind,
  textAt,
  textsAt,
  titleOf,
} from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { type Pods, podsOf, selects } from "./pods.ts";

export const networkChecks: readonly Check[] = [
  { name: "denies everything that no policy admits, in both directions", judge: denialFaults },
  {
    name: "admits nobody by a rule without peers or ports",
    judge: (overlay) => everything(overlay).flatMap(openFaults),
  },
  { name: "has exactly the ways in and out that the modules declare and a pod needs", judge: wayFaults },
];

function denialFaults(overlay: Overlay): readonly string[] {
  return [overlay.objects, overlay.before].flatMap((objects) =>
    ofKind(objects, "Namespace").flatMap((namespace) => {
      const denies = ofKind(objects, "NetworkPolicy").some(
        (policy) =>
          namespaceOf(policy) === nameOf(namespace) &&
          Object.keys(mapAt(policy, "spec", "podSelector")).length === 0 &&
          ["Ingress", "Egress"].every((direction) => textsAt(policy, "spec", "policyTypes").includes(direction)),
      );
      return denies ? [] : [`${titleOf(namespace)}: no policy denies what is not admitted, in and out`];
    }),
  );
}

const SIDES = [
  ["ingress", "from"],
  ["egress", "to"],
] as const;

function openFaults(object: Document): readonly string[] {
  if (textAt(object, "kind") !== "NetworkPolicy") return [];
  return SIDES.flatMap(([direction, peers]) =>
    listAt(object, "spec", direction).flatMap((rule) => [
      ...(listAt(rule, peers).length > 0
        ? []
        : [`${titleOf(object)}: a rule for ${direction} names no peer, so it admits all`]),
      ...(listAt(rule, "ports").length > 0
        ? []
        : [`${titleOf(object)}: a rule for ${direction} names no port, so it admits all`]),
      ...listAt(rule, peers).flatMap((peer) =>
        isDocument(peer["ipBlock"]) || selectsSome(peer)
          ? []
          : [`${titleOf(object)}: a peer for ${direction} is everybody`],
      ),
    ]),
  );
}

const selectsSome = (peer: Document) =>
  ["podSelector", "namespaceSelector"].some((key) => Object.keys(mapAt(peer, key)).length > 0);

/** Which way, who, and by which port: `in from smoke 8080`, `out to order 8081`. */
type Way = string;

function wayFaults(overlay: Overlay, platform: Platform): readonly string[] {
  return podsOf(overlay).flatMap((each) => {
    const found = new Set(waysOf(each, overlay));
    const wanted = new Set(wantedWays(each, overlay, platform));
    return [
      ...[...wanted].filter((way) => !found.has(way)).map((way) => `${each.owner}: there must be a way ${way}`),
      ...[...found].filter((way) => !wanted.has(way)).map((way) => `${each.owner}: there must be no way ${way}`),
    ];
  });
}

/** What values.yaml calls a range of addresses. */
function peerNames({ values }: Overlay): ReadonlyMap<string, string> {
  return new Map(
    Object.keys(mapAt(values, "spec", "peers")).flatMap((name) =>
      listAt(values, "spec", "peers", name).map((peer) => [JSON.stringify(peer["ipBlock"]), name] as const),
    ),
  );
}

/** What the sum of all policies lets these pods do; a way may be there twice. */
export function waysOf(pods: Pods, overlay: Overlay): readonly Way[] {
  const all = podsOf(overlay);
  const names = peerNames(overlay);
  const policies = [overlay.objects, overlay.before]
    .filter((objects) => objects.some((object) => titleOf(object) === pods.owner))
    .flatMap((objects) => ofKind(objects, "NetworkPolicy"))
    .filter(
      (policy) => namespaceOf(policy) === pods.namespace && selects(mapAt(policy, "spec", "podSelector"), pods.labels),
    );
  return policies.flatMap((policy) =>
    SIDES.flatMap(([direction, peers]) =>
      textsAt(policy, "spec", "policyTypes").some((type) => type.toLowerCase() === direction)
        ? listAt(policy, "spec", direction).flatMap((rule) =>
            listAt(rule, "ports").flatMap((port) =>
              listAt(rule, peers)
                .flatMap((peer) => whoIs(peer, pods, all, names))
                .map((who) => `${direction === "ingress" ? "in from" : "out to"} ${who} ${portName(port)}`),
            ),
          )
        : [],
    ),
  );
}

function whoIs(
  peer: Document,
  { namespace }: Pods,
  all: readonly Pods[],
  names: ReadonlyMap<string, string>,
): readonly string[] {
  if (peer["ipBlock"] !== undefined)
    return [names.get(JSON.stringify(peer["ipBlock"])) ?? textAt(peer, "ipBlock", "cidr")];
  const space = labelsAt(peer, "namespaceSelector", "matchLabels")["kubernetes.io/metadata.name"];
  if (space !== undefined && space !== namespace)
    return [`${space}/${labelsAt(peer, "podSelector", "matchLabels")["k8s-app"] ?? "all"}`];
  const chosen = all.filter((each) => each.namespace === namespace && selects(peer["podSelector"], each.labels));
  if (chosen.length === 0) return [`nobody (${JSON.stringify(peer["podSelector"])})`];
  return [...new Set(chosen.map(titleOfPods))];
}

/** TCP, unless it says something else. */
function portName(port: Document): string {
  const range = port["endPort"] === undefined ? "" : `-${String(port["endPort"])}`;
  const protocol = textAt(port, "protocol") || "TCP";
  return `${String(port["port"])}${range}${protocol === "TCP" ? "" : `/${protocol}`}`;
}

/** A workload by its name, whatever else by what it is. */
const titleOfPods = ({ component, ownerName }: Pods) => (component === "workload" ? ownerName : component);

/** Answers that do not fit come over TCP. */
const NAME_SERVICE = ["out to kube-system/kube-dns 53/UDP", "out to kube-system/kube-dns 53"];

function wantedWays({ component, ownerName }: Pods, overlay: Overlay, platform: Platform): readonly Way[] {
  const { workloads, transport } = shapeOf(overlay, platform);
  const brokers = transport === "kafka" ? ["out to brokers 9098"] : [];
  const all = workloads.map(({ name }) => name);
  switch (component) {
    case "workload":
      return [
        "in from nodes 8080",
        "in from smoke 8080",
        ...workloads.filter(({ asks }) => asks.includes(ownerName)).map(({ name }) => `in from ${name} 8081`),
        ...(workloads.find(({ name }) => name === ownerName)?.asks ?? []).map((name) => `out to ${name} 8081`),
        ...NAME_SERVICE,
        "out to collector 4318",
        "out to databases 5432",
        "out to cache 6379",
        "out to awsEndpoints 443",
        "out to apiServer 443",
        "out to issuers 443",
        ...brokers,
      ];
    case "smoke":
      return [...NAME_SERVICE, ...all.map((name) => `out to ${name} 8080`)];
    case "collector":
      return [...NAME_SERVICE, "out to awsEndpoints 443", ...all.map((name) => `in from ${name} 4318`)];
    case "logs":
      return [...NAME_SERVICE, "out to awsEndpoints 443"];
    case "migrate":
      return [...NAME_SERVICE, "out to awsEndpoints 443", "out to databases 5432"];
    case "topics":
      return [...NAME_SERVICE, "out to awsEndpoints 443", ...brokers];
    default:
      return [];
  }
}
