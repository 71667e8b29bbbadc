/** A fault that is put into a rendered overlay, and the check that must find it. */
import { kindOf, nameOf } from "../document.ts";
import type { Overlay } from "../overlays.ts";

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
/** What a document is while a fault is put into it. */
export type Draft = Record<string, unknown>;

export interface Planted {
  readonly what: string;
  /** Which overlay; production, unless said. */
  readonly overlay?: string;
  readonly plant: (draft: { objects: Draft[]; before: Draft[]; values: Draft }) => void;
  /** The name of the check, or how it begins. */
  readonly check: string;
  /** What its line says. */
  readonly says: string;
}

/** The overlay with the fault; throws when the fault has changed nothing. */
export function planted(overlay: Overlay, { what, plant }: Planted): Overlay {
  const { objects, before, values } = overlay;
  // Parsed YAML is plain data; a copy of it may be changed.
  const draft = structuredClone({ objects, before, values }) as { objects: Draft[]; before: Draft[]; values: Draft };
  plant(draft);
  if (Bun.deepEquals(draft, { objects, before, values })) throw new Error(`${what}: nothing has changed`);
  return { ...overlay, ...draft };
}

/** The object of that kind and name. */
export function find(objects: Draft[], kind: string, name: string): Draft {
  const found = objects.find(
    (object) => kindOf(object) === kind && (nameOf(object) === name || nameOf(object).startsWith(`${name}-settings-`)),
  );
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** Sets what stands at a path (`spec.ports.0.port`); a part with dots in it is put into brackets. */
export function set(object: Draft, path: string, value: Value): void {
  const { holder, last } = walk(object, path);
  Reflect.set(holder, last, value);
}

/** Removes what stands at a path; there must be something. */
export function remove(object: Draft, path: string): void {
  const { holder, last } = walk(object, path);
  if (!Reflect.has(holder, last)) throw new Error(`there is nothing at ${path}`);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
}

/** Puts something at the end of the list at a path. */
export function add(object: Draft, path: string, value: Value): void {
  const { holder, last } = walk(object, path);
  const list: unknown = Reflect.get(holder, last);
  if (!Array.isArray(list)) throw new Error(`there is no list at ${path}`);
  list.push(value);
}

function walk(object: Draft, path: string): { readonly holder: object; readonly last: string } {
  const steps = [...path.matchAll(/\[([^\]]+)\]|([^.[\]]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const last = steps.pop();
  if (last === undefined) throw new Error("an empty path");
  let holder: unknown = object;
  for (const step of steps)
    holder = typeof holder === "object" && holder !== null ? Reflect.get(holder, step) : undefined;
  if (typeof holder !== "object" || holder === null) throw new Error(`${path} leads nowhere`);
  return { holder, last };
}
