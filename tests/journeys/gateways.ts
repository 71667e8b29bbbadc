/** Starts gateways in a process of their own; they end with `stop`, and when this process ends in any way. */
import { join } from "node:path";
import type { GatewayPlan } from "./gateways-process.ts";

const MANY_REQUESTS = { BUN_CONFIG_MAX_HTTP_REQUESTS: "5000" };

export async function startGateways(plans: readonly GatewayPlan[]): Promise<{ stop(): Promise<void> }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "gateways-process.ts")], {
    env: { ...process.env, ...MANY_REQUESTS },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  child.stdin.write(`${JSON.stringify(plans)}\n`);
  await child.stdin.flush();
  const { value } = await child.stdout.getReader().read();
  if (value === undefined || !new TextDecoder().decode(value).includes("ready"))
    throw new Error("the gateways did not start");
  return {
    async stop() {
      await child.stdin.end();
      await child.exited;
    },
  };
}
