/** Whether the group as which the pipeline comes into the cluster may do what its step `deploy` does there, and no more. */
import { join } from "node:path";
import * as z from "zod";
import type { Document } from "../kubernetes/document.ts";

const role = z.looseObject({
  kind: z.literal("ClusterRole"),
  metadata: z.looseObject({ name: z.string() }),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});
const binding = z.looseObject({
  kind: z.enum(["RoleBinding", "ClusterRoleBinding"]),
  metadata: z.looseObject({ namespace: z.string().optional() }),
  roleRef: z.looseObject({ name: z.string() }),
  subjects: z.array(z.looseObject({ kind: z.literal("Group"), name: z.string() })),
});
const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

export interface Request {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  /** Undefined: the object is in none. */
  readonly namespace: string | undefined;
}

export type May = (request: Request) => boolean;

/** Reads k8s/bootstrap/deployers.yaml of a checkout. */
export async function readDeployers(root: string, group: string): Promise<May> {
  const parsed: unknown = Bun.YAML.parse(await Bun.file(join(root, "k8s/bootstrap/deployers.yaml")).text());
  const documents = z.array(z.union([role, binding])).parse(parsed);
  const roles = documents.flatMap((each) => (each.kind === "ClusterRole" ? [each] : []));
  const granted = documents.flatMap((each) => {
    if (each.kind === "ClusterRole" || !each.subjects.some(({ name }) => name === group)) return [];
    const rules = roles.find(({ metadata }) => metadata.name === each.roleRef.name)?.rules ?? [];
    return [{ everywhere: each.kind === "ClusterRoleBinding", namespace: each.metadata.namespace, rules }];
  });
  return ({ verb, group: ofKind, resource, name, namespace }) =>
    granted.some(
      ({ everywhere, namespace: bound, rules }) =>
        (everywhere || (namespace !== undefined && bound === namespace)) &&
        rules.some(
          ({ apiGroups, resources, resourceNames, verbs }) =>
            apiGroups.includes(ofKind) &&
            resources.includes(resource) &&
            verbs.includes(verb) &&
            (resourceNames === undefined || resourceNames.includes(name)),
        ),
    );
}

/** Namespaces stand before, so that the group's roles can be bound in them. */
const VERBS = (resource: string) => (resource === "namespaces" ? ["get", "patch"] : ["get", "create", "patch"]);

/** What of applying these objects it may not. */
export function refusals(objects: readonly Document[], may: May): readonly string[] {
  const refused = objects.flatMap((document) => {
    const { apiVersion, kind, metadata } = object.parse(document);
    const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
    const resource = kind === "NetworkPolicy" ? "networkpolicies" : `${kind.toLowerCase()}s`;
    return VERBS(resource)
      .filter((verb) => !may({ verb, group, resource, name: metadata.name, namespace: metadata.namespace }))
      .map((verb) => `${verb} ${resource} in ${metadata.namespace ?? "no namespace"}`);
  });
  return [...new Set(refused)];
}
