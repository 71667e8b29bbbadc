/** A picture of an overlay: what runs, and who may speak with whom by the rendered network policies. */
import { numberAt, ofKind, textAt } from "./document.ts";
import { waysOf } from "./network-checks.ts";
import type { Overlay } from "./overlays.ts";
import { podsOf } from "./pods.ts";

/** Ends a place for a picture in a document; `<!-- rendered: OVERLAY -->` begins it. */
const PLACE = /<!-- rendered: ([a-z-]+) -->\n[\s\S]*?<!-- end of rendered -->/g;

/** The document with the pictures of the overlays in their places. */
export function withPictures(document: string, overlays: readonly Overlay[]): string {
  return document.replaceAll(PLACE, (_place, name: string) => {
    const overlay = overlays.find((each) => each.name === name);
    if (overlay === undefined) throw new Error(`the document has a place for ${name}, which is no overlay`);
    return `<!-- rendered: ${name} -->\n${pictureOf(overlay)}\n<!-- end of rendered -->`;
  });
}

/** A mermaid flowchart. What all workloads may do alike is one arrow from their frame. */
function pictureOf(overlay: Overlay): string {
  const pods = podsOf({ ...overlay, before: [] });
  const workloads = pods.filter(({ component }) => component === "workload");
  const outOf = new Map(
    pods.map((each) => [
      each.ownerName,
      [...new Set(waysOf(each, overlay))].flatMap((way) => {
        const [, to = "", port = ""] = /^out to (\S+) (\d+)$/.exec(way) ?? [];
        return to === "" || to.startsWith("kube-system/") ? [] : [{ to, port }];
      }),
    ]),
  );
  const all = workloads.map(({ ownerName }) => outOf.get(ownerName) ?? []);
  const isCommon = (to: string) => all.every((ways) => ways.some((way) => way.to === to));
  const names = new Set(workloads.map(({ ownerName }) => ownerName));
  const common = (all[0] ?? []).filter(({ to }) => isCommon(to) && !names.has(to));
  const others = pods.filter(({ component }) => component === "collector" || component === "logs");
  return [
    "```mermaid",
    "flowchart LR",
    "  balancer([load balancer])",
    "  subgraph workloads",
    ...workloads.map(({ ownerName }) => `    ${idOf(ownerName)}["${ownerName}<br/>${sizeOf(overlay, ownerName)}"]`),
    "  end",
    ...others.map(({ component, ownerName }) => `  ${idOf(component)}["${ownerName}"]`),
    ...ofKind(overlay.objects, "TargetGroupBinding").map(
      (binding) => `  balancer -->|8080| ${idOf(textAt(binding, "spec", "serviceRef", "name"))}`,
    ),
    ...workloads.flatMap(({ ownerName }) =>
      (outOf.get(ownerName) ?? [])
        .filter(({ to }) => names.has(to) && to !== ownerName)
        .map(({ to, port }) => `  ${idOf(ownerName)} -.->|${port}| ${idOf(to)}`),
    ),
    ...common.map(({ to, port }) => `  workloads -->|${port}| ${nodeOf(to, others)}`),
    ...others.flatMap(({ component, ownerName }) =>
      (outOf.get(ownerName) ?? []).map(({ to, port }) => `  ${idOf(component)} -->|${port}| ${nodeOf(to, others)}`),
    ),
    "```",
  ].join("\n");
}

const sizeOf = ({ objects }: Overlay, workload: string): string => {
  const scaler = ofKind(objects, "HorizontalPodAutoscaler").find(
    (each) => textAt(each, "spec", "scaleTargetRef", "name") === workload,
  );
  return `${numberAt(scaler, "spec", "minReplicas")} to ${numberAt(scaler, "spec", "maxReplicas")} pods`;
};

const nodeOf = (to: string, others: readonly { readonly component: string }[]) =>
  others.some(({ component }) => component === to) ? idOf(to) : `${idOf(to)}([${LABELS[to] ?? to}])`;

const LABELS: Readonly<Record<string, string>> = {
  databases: "PostgreSQL",
  cache: "Redis",
  brokers: "Kafka",
  awsEndpoints: "endpoints of AWS",
  apiServer: "API server",
  issuers: "issuers of tokens",
};

/** Some names, such as `end`, are words of the language. */
const idOf = (name: string) => `k_${name.replaceAll("-", "_")}`;
