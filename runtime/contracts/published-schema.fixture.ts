/** AsyncAPI documents held against the schema that its project publishes for 3.0.0, bindings among it. */
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const path = Bun.resolveSync("@asyncapi/specs/schemas/3.0.0-without-$id.json", import.meta.dir);
const schema: object = JSON.parse(readFileSync(path, "utf8"));
const isAsyncApi = new Ajv({ strict: false, validateFormats: false }).compile(schema);

/** What is wrong with a document, references that lead nowhere among it. */
export function asyncApiFaults(document: unknown): readonly string[] {
  const text = JSON.stringify(document);
  const served: unknown = JSON.parse(text);
  const errors = isAsyncApi(served) ? [] : (isAsyncApi.errors ?? []);
  const references = [...text.matchAll(/"\$ref":"#([^"]+)"/g)].map(([, path = ""]) => path);
  const dangling = references.filter((path) => typeof targetOf(served, path) !== "object");
  return [...errors.map(({ instancePath, message }) => `${instancePath}: ${message}`), ...dangling];
}

const targetOf = (document: unknown, path: string) =>
  path
    .split("/")
    .slice(1)
    .reduce<unknown>((at, step) => Object(at)[step], document);
