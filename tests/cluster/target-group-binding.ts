/**
 * The custom resource of the AWS Load Balancer Controller as a definition that an API server takes, made of the schema that
 * the manifests are judged by. Nothing acts on it here.
 */
import { at, type Document, isDocument } from "../kubernetes/document.ts";
import { TARGET_GROUP_BINDING as SCHEMA } from "../kubernetes/target-group-binding.ts";

/** An API server closes every map by itself, and has a way of its own to say that a number or a text will do. */
function structural(schema: Document): Document {
  const { additionalProperties, properties, items, type, ...others } = schema;
  return {
    ...others,
    ...(Array.isArray(type) ? { "x-kubernetes-int-or-string": true } : { type: type ?? "string" }),
    ...(isDocument(additionalProperties) ? { additionalProperties: structural(additionalProperties) } : {}),
    ...(isDocument(items) ? { items: structural(items) } : {}),
    ...(isDocument(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, each]) => [name, isDocument(each) ? structural(each) : each]),
          ),
        }
      : {}),
  };
}

export const TARGET_GROUP_BINDINGS = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "targetgroupbindings.elbv2.k8s.aws" },
  spec: {
    group: "elbv2.k8s.aws",
    scope: "Namespaced",
    names: { kind: "TargetGroupBinding", plural: "targetgroupbindings", singular: "targetgroupbinding" },
    versions: [
      {
        name: "v1beta1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: structural(documentAt(SCHEMA, "properties", "spec")) },
            required: ["spec"],
          },
        },
      },
    ],
  },
};

function documentAt(value: unknown, ...path: readonly string[]): Document {
  const found = at(value, ...path);
  if (!isDocument(found)) throw new Error(`there is nothing at ${path.join(".")}`);
  return found;
}
