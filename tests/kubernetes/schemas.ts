/**
 * Whether documents are what an API server takes, without one: its own kinds by its own schemas, those of Argo Rollouts by
 * the definitions that it brings, the one of the Load Balancer Controller by target-group-binding.ts. All of them strictly:
 * a server drops a field that it does not know without a word. Pods in custom resources, whose definitions let more pass than
 * a server, are held against its schema of pods as well.
 */
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import * as z from "zod";
import { type Document, kindOf, textAt, titleOf } from "./document.ts";
import { podsOf } from "./pods.ts";
import { TARGET_GROUP_BINDING } from "./target-group-binding.ts";

/** What is wrong with a document, a line each. */
export type SchemaJudge = (document: Document) => readonly string[];

const DEFINITIONS = "https://kubernetes.io/api/_definitions.json";

/** Judges by Kubernetes' schemas in the directory `native` and the CustomResourceDefinitions in `custom`. */
export async function schemaJudge(native: string, custom: string): Promise<SchemaJudge> {
  // int-or-string and the like are formats of Kubernetes alone.
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  addFormats(ajv);
  ajv.addSchema(JSON.parse(await readFile(join(native, "_definitions.json"), "utf8")), DEFINITIONS);
  const podTemplate = ajv.compile({ $ref: `${DEFINITIONS}#/$defs/io.k8s.api.core.v1.PodTemplateSpec` });
  const kinds = new Map<string, ValidateFunction>([
    ["elbv2.k8s.aws/v1beta1 TargetGroupBinding", ajv.compile(TARGET_GROUP_BINDING)],
  ]);
  const customs = new Map(await customSchemas(custom));

  const validatorOf = (document: Document): ValidateFunction | undefined => {
    const apiVersion = textAt(document, "apiVersion");
    const key = `${apiVersion} ${kindOf(document)}`;
    const known = kinds.get(key);
    if (known !== undefined) return known;
    const file = join(native, fileOf(apiVersion, kindOf(document)));
    const schema = customs.get(key) ?? (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);
    if (schema === undefined) return undefined;
    const made = ajv.compile(schema);
    kinds.set(key, made);
    return made;
  };

  return (document) => {
    const validate = validatorOf(document);
    const apiVersion = textAt(document, "apiVersion");
    if (validate === undefined) return [`${titleOf(document)}: there is no such kind in ${apiVersion || "no version"}`];
    return [
      ...faultsOf(validate, document, titleOf(document)),
      ...podsOf({ objects: [document], before: [] }).flatMap(({ template }) =>
        faultsOf(podTemplate, template, `${titleOf(document)}, its pods`),
      ),
    ];
  };
}

/** `deployment-apps-v1.json`, `service-v1.json`: the first part of the group's name, where there is one. */
function fileOf(apiVersion: string, kind: string): string {
  const [group = "", version] = apiVersion.includes("/") ? apiVersion.split("/") : [undefined, apiVersion];
  return [kind.toLowerCase(), ...(group ? [group.split(".")[0]] : []), version].join("-").concat(".json");
}

function faultsOf(validate: ValidateFunction, document: Document, title: string): readonly string[] {
  if (validate(document)) return [];
  const errors = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const unknown = textAt(params, "additionalProperty");
    return `${title}: ${instancePath || "/"} ${unknown ? `has a field that nobody knows, ${unknown}` : message}`;
  });
  return [...new Set(errors)];
}

const definition = z.object({
  kind: z.literal("CustomResourceDefinition"),
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: z.record(z.string(), z.unknown()) }) }),
    ),
  }),
});

async function customSchemas(directory: string): Promise<readonly (readonly [key: string, schema: object])[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith("-crd.yaml"));
  const found = await Promise.all(
    files.map(async (name) => {
      const { spec } = definition.parse(Bun.YAML.parse(await readFile(join(directory, name), "utf8")));
      return spec.versions.map(
        ({ name: version, schema }) =>
          [`${spec.group}/${version} ${spec.names.kind}`, strictly(schema.openAPIV3Schema)] as const,
      );
    }),
  );
  return found.flat();
}

/** Such a schema with every map closed that names its fields; a server prunes what is not named. */
function strictly(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === "properties" ? eachStrictly(value) : strictlyWithin(value),
    ]),
  );
  // The definition says nothing of metadata: the server has its own.
  const isOpen =
    schema["x-kubernetes-preserve-unknown-fields"] === true || schema["additionalProperties"] !== undefined;
  return "properties" in schema && !isOpen ? { ...inner, additionalProperties: false } : inner;
}

const eachStrictly = (properties: unknown) =>
  typeof properties === "object" && properties !== null
    ? Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, strictlyWithin(schema)]))
    : properties;

function strictlyWithin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strictlyWithin);
  if (typeof value !== "object" || value === null) return value;
  return strictly(Object.fromEntries(Object.entries(value)));
}
