/** What is installed into a cluster before an overlay is applied (k8s/bootstrap), and what that gives. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";

const providersSchema = z.array(
  z.strictObject({
    name: z.string(),
    /** Of k8s/bootstrap/kustomization.yaml. */
    chart: z.string().optional(),
    /** API groups. */
    kinds: z.array(z.string()).default([]),
    resourceMetrics: z.array(z.string()).default([]),
    analysisProviders: z.array(z.string()).default([]),
    /** Kinds that an API server takes and does nothing about by itself. */
    enforces: z.array(z.string()).default([]),
    annotations: z.array(z.string()).default([]),
  }),
);

const bootstrapSchema = z.object({
  helmCharts: z.array(
    z.object({
      name: z.string(),
      repo: z.url(),
      version: z.string().regex(/^\d+\.\d+\.\d+$/, "must be one version"),
      valuesFile: z.string(),
    }),
  ),
});

/** By what is given: who gives it. */
export interface Providers {
  readonly kinds: ReadonlySet<string>;
  readonly resourceMetrics: ReadonlySet<string>;
  readonly analysisProviders: ReadonlySet<string>;
  readonly enforced: ReadonlySet<string>;
  readonly annotations: ReadonlySet<string>;
  /** What is wrong with the list itself. */
  readonly faults: readonly string[];
}

/** Reads k8s/bootstrap of the checkout. */
export async function readProviders(root: string): Promise<Providers> {
  const read = async (path: string): Promise<unknown> =>
    Bun.YAML.parse(await readFile(join(root, "k8s", "bootstrap", path), "utf8"));
  const given = providersSchema.parse(await read("providers.yaml"));
  const { helmCharts } = bootstrapSchema.parse(await read("kustomization.yaml"));
  const values = await Promise.all(
    helmCharts.map(async ({ name, valuesFile }) => [name, await read(valuesFile)] as const),
  );
  return providersOf(given, new Map(values));
}

/** `charts`: by the names of those that are installed, their values. */
export function providersOf(given: z.output<typeof providersSchema>, charts: ReadonlyMap<string, unknown>): Providers {
  const all = (of: "kinds" | "resourceMetrics" | "analysisProviders" | "enforces" | "annotations") =>
    new Set(given.flatMap((each) => each[of]));
  const named = new Set(given.flatMap(({ chart }) => chart ?? []));
  return {
    kinds: all("kinds"),
    resourceMetrics: all("resourceMetrics"),
    analysisProviders: all("analysisProviders"),
    enforced: all("enforces"),
    annotations: all("annotations"),
    faults: [
      ...[...named].filter((chart) => !charts.has(chart)).map((chart) => `no chart ${chart} is installed`),
      ...[...charts.keys()]
        .filter((chart) => !named.has(chart))
        .map((chart) => `providers.yaml does not say what the chart ${chart} is for`),
      ...[...charts].flatMap(([chart, values]) =>
        JSON.stringify(values).includes("eks.amazonaws.com/role-arn") ? [] : [`the chart ${chart} has no role in AWS`],
      ),
    ],
  };
}
