/** What the API server says of a Service, as far as it matters here. */
import * as z from "zod";

/** The controller of Argo Rollouts writes the hash of the active template under it into the active Service's selector. */
const HASH_LABEL = "rollouts-pod-template-hash";

const serviceSchema = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string().min(1) }),
  spec: z.object({ selector: z.record(z.string(), z.string()).optional() }),
});

const eventSchema = z.object({ type: z.string(), object: z.unknown() });
const statusSchema = z.object({ code: z.number().optional(), message: z.string().optional() });

export interface ServiceSelector {
  readonly name: string;
  readonly resourceVersion: string;
  /** Null: it selects by no template hash. */
  readonly hash: string | null;
}

/** `gone`: the Service was deleted. `failed`: the server ends the watch. */
export type ServiceEvent =
  | { readonly kind: "selects"; readonly service: ServiceSelector }
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly code: number | null; readonly message: string }
  | { readonly kind: "nothing" };

/** Throws where it is no Service. */
export function parseService(value: unknown): ServiceSelector {
  const { metadata, spec } = serviceSchema.parse(value);
  return { ...metadata, hash: spec.selector?.[HASH_LABEL] ?? null };
}

/** One line of a watch; throws where it is none. */
export function parseEvent(line: string): ServiceEvent {
  const { type, object } = eventSchema.parse(JSON.parse(line));
  if (type === "ADDED" || type === "MODIFIED") return { kind: "selects", service: parseService(object) };
  if (type === "DELETED") return { kind: "gone" };
  if (type === "ERROR") {
    const { code = null, message = "no reason given" } = statusSchema.parse(object);
    return { kind: "failed", code, message };
  }
  // A bookmark, or what a later version tells.
  return { kind: "nothing" };
}
