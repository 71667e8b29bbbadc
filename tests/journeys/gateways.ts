/** Starts gateways in a process of their own; they end with `stop`, and when this process ends in any way. */
import { join } from "node:path";
import type { GatewayPlan } from "./gateways-process.ts";

const MANY_REQUESTS = { BUN_CONFIG_MAX_HTTP_REQUESTS: "5000" };

export interface Gateways {
  /** Routes otherwise from now on; the plans are of the ports that were given at the start. */
  update(plans: readonly GatewayPlan[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startGateways(plans: readonly GatewayPlan[]): Promise<Gateways> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "gateways-process.ts")], {
    env: { ...process.env, ...MANY_REQUESTS },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const answers = child.stdout.getReader();
  async function update(next: readonly GatewayPlan[]) {
    child.stdin.write(`${JSON.stringify(next)}\n`);
    await child.stdin.flush();
    const { value } = await answers.read();
    if (value === undefined || !new TextDecoder().decode(value).includes("ready"))
      throw new Error("the gateways have ended");
  }
  await update(plans);
  return {
    update,
    async stop() {
      await child.stdin.end();
      await child.exited;
    },
  };
}
