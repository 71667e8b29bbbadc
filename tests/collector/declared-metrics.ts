/** What the `awsemf` exporter of our configuration makes metrics of. */
import * as z from "zod";
import type { CollectorDocument } from "./collector-keys.ts";

export interface Declared {
  readonly selectors: readonly RegExp[];
  /** Whether attributes of the resource become labels of its points. */
  readonly isResourceTold: boolean;
  isDeclared(name: string): boolean;
  dimensionsOf(name: string): readonly (readonly string[])[];
  /** Whether CloudWatch is given a unit that it knows. */
  isUnitKnown(name: string, unit: string): boolean;
}

/** Units that the exporter translates; every other is handed on as it is. */
const TRANSLATED_UNITS: ReadonlySet<string> = new Set(["", "1", "ns", "us", "ms", "s", "By", "bit"]);

const settings = z.looseObject({
  metric_descriptors: z.array(z.looseObject({ metric_name: z.string() })).default([]),
  metric_declarations: z.array(
    z.looseObject({ metric_name_selectors: z.array(z.string()), dimensions: z.array(z.array(z.string())) }),
  ),
  resource_to_telemetry_conversion: z.looseObject({ enabled: z.boolean() }).default({ enabled: false }),
});

export function declaredIn(document: CollectorDocument): Declared {
  const exporter = settings.parse(document.exporters["awsemf"]);
  const described = new Set(exporter.metric_descriptors.map(({ metric_name }) => metric_name));
  const declarations = exporter.metric_declarations.map(({ metric_name_selectors, dimensions }) => ({
    selectors: metric_name_selectors.map((selector) => new RegExp(selector)),
    dimensions,
  }));
  const of = (name: string) => declarations.filter(({ selectors }) => selectors.some((each) => each.test(name)));
  return {
    selectors: declarations.flatMap(({ selectors }) => selectors),
    isResourceTold: exporter.resource_to_telemetry_conversion.enabled,
    isDeclared: (name) => of(name).length > 0,
    dimensionsOf: (name) => of(name).flatMap(({ dimensions }) => dimensions),
    isUnitKnown: (name, unit) => described.has(name) || TRANSLATED_UNITS.has(unit),
  };
}
