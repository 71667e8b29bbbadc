/** Whether the cluster understands what an overlay uses: an API server takes many things that nobody acts on. */
import { type Check, everything } from "./check.ts";
import { type Document, labelsAt, listAt, mapAt, ofKind, textAt } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { podsOf } from "./pods.ts";
import type { Providers } from "./providers.ts";

export const providerChecks: readonly Check[] = [
  {
    name: "uses no kind, metric or annotation that nothing in the cluster understands",
    judge: (overlay, { providers }) => [...providers.faults, ...missingProviders(overlay, providers)],
  },
];

function missingProviders(overlay: Overlay, providers: Providers): readonly string[] {
  const objects = everything(overlay);
  const missing = (what: string, names: readonly string[], known: ReadonlySet<string>) =>
    [...new Set(names)]
      .filter((name) => !known.has(name))
      .map((name) => `nothing in k8s/bootstrap gives ${what} ${name}`);
  const metrics = ofKind(objects, "HorizontalPodAutoscaler").flatMap((scaler) => listAt(scaler, "spec", "metrics"));
  const analyses = ofKind(objects, "AnalysisTemplate").flatMap((template) => listAt(template, "spec", "metrics"));
  const annotated = [
    ...objects.map((object) => labelsAt(object, "metadata", "annotations")),
    ...podsOf(overlay).map(({ template }) => labelsAt(template, "metadata", "annotations")),
  ];
  return [
    ...missing("the API group", objects.map(groupOf), providers.kinds),
    ...missing(
      "the metric",
      metrics.map((metric) =>
        textAt(metric, "type") === "Resource" ? textAt(metric, "resource", "name") : textAt(metric, "type"),
      ),
      providers.resourceMetrics,
    ),
    ...missing(
      "analyses by",
      analyses.flatMap((metric) => Object.keys(mapAt(metric, "provider"))),
      providers.analysisProviders,
    ),
    ...missing(
      "what enforces a",
      ofKind(objects, "NetworkPolicy").map(() => "NetworkPolicy"),
      providers.enforced,
    ),
    ...missing(
      "the annotation",
      annotated.flatMap((each) => Object.keys(each).map((name) => name.split("/")[0] ?? name)),
      providers.annotations,
    ),
  ];
}

function groupOf(object: Document): string {
  const apiVersion = textAt(object, "apiVersion");
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "core";
}
