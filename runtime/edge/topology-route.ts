import * as z from "zod";
import type { Clock } from "../clock.ts";
import { type Route, route } from "../http/route.ts";
import { lookAround, moduleTopologySchema, problemsSchema, type TopologyDeps } from "./topology.ts";

export const topologySchema = z.strictObject({
  ok: z.boolean().describe("Every module runs, and there is no problem."),
  problems: problemsSchema.describe("Who does not answer, is not ready or does not work as it should, and why."),
  checkedAt: z.iso.datetime(),
  versions: z.array(z.string()).describe("Of all that answered; more than one while a new one is rolled out."),
  modules: z.array(moduleTopologySchema),
});

/** `GET /api/v1/ops/topology`: what runs where, on the running system. */
export const topologyRoute = (deps: TopologyDeps & { readonly clock: Clock }): Route =>
  route({
    method: "GET",
    path: "/api/v1/ops/topology",
    rights: { callers: "operators", scope: "ops:read", object: "shared" },
    tag: "ops",
    summary: "What runs where, and how it is",
    description:
      "Every module with its processes, each as it describes itself now. Those elsewhere are the addresses that the name service gives for the module's host: with a headless service each replica, with any other name whichever one answers there. A process that runs several modules stands with each of them. Who does not answer within seconds is named under `problems`; the answer is 200 all the same.",
    responses: { 200: { description: "What was found.", schema: topologySchema } },
    async handle() {
      const { modules, problems } = await lookAround(deps);
      const versions = modules.flatMap(({ instances }) =>
        instances.flatMap((each) => ("version" in each ? each.version : [])),
      );
      const body: z.infer<typeof topologySchema> = {
        ok: problems.length === 0,
        problems,
        checkedAt: new Date(deps.clock.now()).toISOString(),
        versions: [...new Set(versions)].sort(),
        modules,
      };
      return { status: 200, body };
    },
  });
