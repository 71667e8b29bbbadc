/** How checks look into a rendered document: by path, and with nothing where there is nothing of the kind. */

export type Document = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

export function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at the path; undefined where it leads nowhere. */
export function at(value: unknown, ...path: Path): unknown {
  let found = value;
  for (const step of path) found = typeof found === "object" && found !== null ? Reflect.get(found, step) : undefined;
  return found;
}

/** The text there, else an empty one. */
export function textAt(value: unknown, ...path: Path): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

export function numberAt(value: unknown, ...path: Path): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** The map there, else an empty one. */
export function mapAt(value: unknown, ...path: Path): Document {
  const found = at(value, ...path);
  return isDocument(found) ? found : {};
}

/** The maps in the list there, else none. */
export function listAt(value: unknown, ...path: Path): readonly Document[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter(isDocument) : [];
}

/** The texts in the list there, else none. */
export function textsAt(value: unknown, ...path: Path): readonly string[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
}

/** The texts of the map there, by their keys. */
export const labelsAt = (value: unknown, ...path: Path): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(mapAt(value, ...path)).flatMap(([key, text]) => (typeof text === "string" ? [[key, text]] : [])),
  );

export const kindOf = (document: Document) => textAt(document, "kind");
export const nameOf = (document: Document) => textAt(document, "metadata", "name");
export const namespaceOf = (document: Document) => textAt(document, "metadata", "namespace");
/** How a fault names it. */
export const titleOf = (document: Document) => `${kindOf(document)} ${nameOf(document)}`;
export const ofKind = (documents: readonly Document[], kind: string) =>
  documents.filter((document) => kindOf(document) === kind);
