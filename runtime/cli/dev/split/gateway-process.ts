/**
 * The gateway of `dev --split` as a process of its own, as balancers are: Bun sends 256 requests of a process at a time,
 * and the limit is given when it starts.
 */
import * as z from "zod";
import { startGateway } from "../gateway.ts";
import { runSupervised } from "../supervised.ts";

const url = z.string();
const Plan = z.object({
  hostname: z.string(),
  port: z.int(),
  /** Where each collection is answered, and everything that is in none. */
  byCollection: z.record(z.string(), url),
  others: url,
});
export type GatewayPlan = z.infer<typeof Plan>;

/** Of the plan, as JSON. */
const VARIABLE = "GATEWAY_PLAN";

/** What it needs at its spawn. */
export const GATEWAY_ENV = { BUN_CONFIG_MAX_HTTP_REQUESTS: "5000" };

/** What it needs to start. */
export const gatewayEnvironment = (plan: GatewayPlan) => ({ [VARIABLE]: JSON.stringify(plan) });

/** Runs the gateway at the supervisor's word, which ends it after the processes; resolves with the exit code. */
export const runGateway = (): Promise<number> =>
  runSupervised(
    async ({ ready, stopped }) => {
      const { hostname, port, byCollection, others } = Plan.parse(JSON.parse(process.env[VARIABLE] ?? "null"));
      const urls = new Map(Object.entries(byCollection));
      const upstreams = (collection: string | null) => [urls.get(collection ?? "") ?? others];
      const gateway = startGateway({ hostname, port, upstreams });
      // As in `runPlatform`.
      Bun.unsafe.setJITPolicy(1);
      ready(gateway.url);
      await stopped();
      await gateway.stop();
      return 0;
    },
    { outlivesSignals: true },
  );
