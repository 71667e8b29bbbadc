/** A check of what an overlay is rendered to. */

import type { Shape } from "../../runtime/contracts/deployment-shapes.ts";
import type { Module } from "../../runtime/module.ts";
import type { CollectorDocument } from "../collector/collector-keys.ts";
import type { Document } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import type { Providers } from "./providers.ts";
import type { SchemaJudge } from "./schemas.ts";

/** What the manifests are held against. */
export interface Platform {
  readonly modules: readonly Module[];
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly collector: CollectorDocument;
  /** What is installed into a cluster before (k8s/bootstrap). */
  readonly providers: Providers;
  readonly schemas: SchemaJudge;
}

export interface Check {
  /** Ends a sentence that begins with an overlay's name. */
  readonly name: string;
  readonly judge: (overlay: Overlay, platform: Platform) => readonly string[];
}

/** Both parts of an overlay. */
export const everything = ({ objects, before }: Overlay): readonly Document[] => [...objects, ...before];

/** The shape that the overlay is made of. */
export function shapeOf({ shape }: Overlay, { shapes }: Platform): Shape {
  return shapes[shape] ?? { transport: "inprocess", workloads: [], maxConnections: 0 };
}
