/** What a process says of itself, by rpc of each module that runs in it; operators ask through the edge. */
import * as z from "zod";
import { PART_STATES } from "./http/health.ts";
import { answers, defineRpc, type RpcHandler } from "./rpc/port.ts";

export const instanceSchema = z.object({
  id: z.uuid().describe("Another one after each start."),
  version: z.string(),
  startedAt: z.iso.datetime(),
  modules: z.array(z.string()).readonly().describe("All that run in this process."),
  edge: z.boolean().describe("Whether it answers what belongs to no module, such as this."),
  transport: z.enum(["inprocess", "kafka"]),
  cache: z.enum(["memory", "redis"]),
  ready: z.boolean().describe("Whether it takes requests, as /health/ready says."),
  active: z
    .boolean()
    .default(true)
    .describe(
      "Whether it consumes, fires timers and makes calls; false: it stands by for another colour of a rollout.",
    ),
  parts: z
    .array(z.object({ name: z.string(), state: z.enum(PART_STATES), problem: z.string().optional() }))
    .readonly()
    .describe(
      "down: the process is not ready because of it. impaired: it takes requests, and something is slower or waits.",
    ),
});
export type Instance = z.infer<typeof instanceSchema>;

/** The method that every module answers in each of its processes. */
export const instanceRpc = (module: string) =>
  defineRpc({ module, name: "instance", request: z.object({}), response: instanceSchema });

/** The methods of the modules that run here. */
export const instanceHandlers = (modules: readonly string[], self: () => Instance): readonly RpcHandler[] =>
  modules.map((module) => answers(instanceRpc(module), async () => self()));
