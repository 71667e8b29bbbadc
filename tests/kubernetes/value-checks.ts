/** What only AWS knows: whether it has come to where it belongs, and what of it has not been given yet. */
import { type Check, everything } from "./check.ts";
import { type Document, labelsAt, mapAt, nameOf, ofKind, titleOf } from "./document.ts";
import type { Overlay } from "./overlays.ts";

export const valueChecks: readonly Check[] = [
  { name: "leaves nothing of the base unnamed", judge: (overlay) => everything(overlay).flatMap(unnamedFaults) },
  { name: "gives each account that goes to AWS a role of its own", judge: roleFaults },
];

/** What stands in the base where a value of an overlay belongs, or the name of a workload. */
const UNNAMED = /given-by-values|^192\.0\.2\.1\/32$/;

const unnamedFaults = (object: Document): readonly string[] => [
  ...pathsIn(object, "").flatMap(([path, text]) =>
    UNNAMED.test(text) ? [`${titleOf(object)}: ${path} is still ${text}`] : [],
  ),
  ...(/^workload(?:-|$)|-release$/.test(nameOf(object)) ? [`${titleOf(object)}: has no name of its own`] : []),
];

const ROLE = "eks.amazonaws.com/role-arn";

function roleFaults(overlay: Overlay): readonly string[] {
  const accounts = ofKind(everything(overlay), "ServiceAccount").filter((account) => nameOf(account) !== "smoke");
  const roles = accounts.map((account) => labelsAt(account, "metadata", "annotations")[ROLE] ?? "");
  return accounts.flatMap((account, index) => {
    const role = roles[index] ?? "";
    const isArn = /^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(role);
    const isOwn = roles.filter((each) => each === role).length === 1;
    return isArn && isOwn
      ? []
      : [`${titleOf(account)}: its role is ${role || "not there"}${isOwn ? "" : ", as another's is"}`];
  });
}

/** What of an overlay's values.yaml is a placeholder, by its path. */
export function placeholdersOf({ values }: Overlay): readonly string[] {
  const isPlaceholder = (text: string) =>
    /0{12}|placeholder/.test(text) || /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./.test(text);
  return pathsIn(mapAt(values, "spec"), "").flatMap(([path, text]) => (isPlaceholder(text) ? [path] : []));
}

function pathsIn(value: unknown, path: string): readonly (readonly [path: string, text: string])[] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => pathsIn(inner, path === "" ? name : `${path}.${name}`));
}
