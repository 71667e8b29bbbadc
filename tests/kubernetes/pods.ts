/** Every kind of pod that an overlay makes, wherever its template stands. */
import {
  at,
  type Document,
  isDocument,
  kindOf,
  labelsAt,
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  textAt,
  titleOf,
} from "./document.ts";
import type { Overlay } from "./overlays.ts";

export interface Pods {
  /** What makes them, for faults. */
  readonly owner: string;
  readonly ownerKind: string;
  readonly ownerName: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `workload`, `smoke`, `migrate` and so on. */
  readonly component: string;
  readonly template: Document;
  readonly spec: Document;
  readonly containers: readonly Document[];
}

/** The pods of both parts of an overlay. */
export const podsOf = ({ objects, before }: Pick<Overlay, "objects" | "before">): readonly Pods[] =>
  [...objects, ...before].flatMap(podsOfObject);

function podsOfObject(object: Document): readonly Pods[] {
  const templates =
    kindOf(object) === "AnalysisTemplate"
      ? listAt(object, "spec", "metrics").map((metric) => at(metric, "provider", "job", "spec", "template"))
      : [at(object, "spec", "template")];
  return templates.filter(isDocument).map((template) => ({
    owner: titleOf(object),
    ownerKind: kindOf(object),
    ownerName: nameOf(object),
    namespace: namespaceOf(object),
    labels: labelsAt(template, "metadata", "labels"),
    component: textAt(template, "metadata", "labels", "app.kubernetes.io/component"),
    template,
    spec: mapAt(template, "spec"),
    containers: [...listAt(template, "spec", "initContainers"), ...listAt(template, "spec", "containers")],
  }));
}

/** Whether a selector (matchLabels and matchExpressions) takes in what has these labels; an empty one takes in all. */
export function selects(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(labelsAt(selector, "matchLabels"));
  const expressions = listAt(selector, "matchExpressions");
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => {
      const value = labels[textAt(expression, "key")];
      const values: unknown = at(expression, "values");
      const isAmong = Array.isArray(values) && value !== undefined && values.includes(value);
      switch (textAt(expression, "operator")) {
        case "In":
          return isAmong;
        case "NotIn":
          return !isAmong;
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

/** The environment that the container's ConfigMaps give it; what comes from the pod itself is left out. */
export function settingsOf(container: Document, objects: readonly Document[]): Readonly<Record<string, string>> {
  const maps = listAt(container, "envFrom").flatMap((from) => {
    const name = textAt(from, "configMapRef", "name");
    return objects.filter((object) => kindOf(object) === "ConfigMap" && nameOf(object) === name);
  });
  const own = listAt(container, "env").map((variable) => [textAt(variable, "name"), textAt(variable, "value")]);
  return { ...Object.assign({}, ...maps.map((map) => labelsAt(map, "data"))), ...Object.fromEntries(own) };
}
