/** `healthcheck`: what a container engine asks, in an image without a shell or curl: whether the process in it is ready. */
import { loadConfig, type Settings } from "../config/load.ts";
import { platformSettings } from "../config/settings.ts";
import { messageOf } from "../error-text.ts";
import { hostInUrl } from "../http/server.ts";
import type { Module } from "../module.ts";
import { flagsOf } from "./arguments.ts";

export const help = `healthcheck: whether the process that serves on this machine is ready. For HEALTHCHECK of the image.

  --internal-port N  where it listens (INTERNAL_PORT, PORT + 1)
  --port N           its public port, where only that is given (PORT, 8080)
  --host ADDRESS     the address that it listens on (HOST)

Asks /health/ready on its internal port, two seconds at most. One line says what came of it. Exit code 0 when it is
ready, 1 when it is not or does not answer, 2 for flags that are not understood.

Example: bun run healthcheck --internal-port 8081

  docker exec CONTAINER /genai-demo healthcheck`;

export const flags = { port: "string", "internal-port": "string", host: "string" } as const;

const TIMEOUT_MS = 2_000;
/** What a process that is not ready says is a few hundred bytes. */
const MOST_SHOWN = 1_000;

/** By number: an image need not have a file that knows `localhost`. */
const THIS_MACHINE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const url = addressOf(args, registry);
  const answer = await ask(url);
  (answer.isReady ? console.log : console.error)(`${url}: ${answer.says}`);
  return answer.isReady ? 0 : 1;
}

/** The settings that say where it listens, and no others: what else may be wrong is the process's to say. */
function addressOf(args: readonly string[], registry: readonly Module[]): string {
  const all = platformSettings({ modules: registry.map(({ name }) => name), mode: "serve", cwd: process.cwd() });
  const { port, internalPort, host } = all;
  const { config } = loadConfig({ port, internalPort, host } satisfies Settings, {
    env: process.env,
    flags: flagsOf(args, flags),
  });
  return `http://${hostInUrl(THIS_MACHINE[config.host] ?? config.host)}:${config.internalPort}/health/ready`;
}

async function ask(url: string): Promise<{ readonly isReady: boolean; readonly says: string }> {
  try {
    // The environment's proxy, which Docker hands to every container where it is configured, has no way to this machine.
    const response = await fetch(url, { redirect: "manual", proxy: false, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (response.ok) return { isReady: true, says: "ready" };
    return { isReady: false, says: `${response.status} ${text.slice(0, MOST_SHOWN)}` };
  } catch (error) {
    return { isReady: false, says: `no answer (${messageOf(error)})` };
  }
}
