/** modules.json, of which Terraform makes things. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";

const registry = z.looseObject({
  edge: z.looseObject({ host: z.string() }),
  modules: z.record(
    z.string(),
    z.looseObject({
      paths: z.array(z.string()),
      sends: z.array(z.string()),
      subscribes: z.array(z.string()),
      parameters: z.array(z.string()),
    }),
  ),
  shapes: z.record(z.string(), z.looseObject({ maxConnections: z.number() })),
  topics: z.record(z.string(), z.unknown()),
});

export type Registry = z.infer<typeof registry>;

/** As it stands at `root`. */
export const readRegistry = async (root: string): Promise<Registry> =>
  registry.parse(JSON.parse(await readFile(join(root, "modules.json"), "utf8")));
