/** A moto on loopback that keeps in memory what it is given. It ends with `stop()`, or with this process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { freePort } from "../provision/external-postgres.ts";
import { startGuard } from "../provision/guard.ts";
import type { Moto } from "../provision/moto.ts";

export interface MotoServer {
  readonly url: string;
  /** What a process needs to talk to it and to nobody else. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export const REGION = "eu-central-1";

/** Credentials that it takes as it takes any. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "example" };
const START_TIMEOUT_MS = 60_000;

export async function startMoto({ argv, env }: Moto): Promise<MotoServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [program = "", ...words] = argv;
  const server = spawn(program, [...words, "-H", "127.0.0.1", "-p", String(port)], {
    detached: true,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env, ...CREDENTIALS },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  server.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
  });
  const guard = startGuard('stop "$1" python', String(server.pid));
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
    await guard.release();
  };
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const isReady = await fetch(`${url}/moto-api/`, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) break;
    if (server.exitCode !== null || performance.now() > end) {
      await stop();
      throw new Error(`moto did not start:\n${said}`);
    }
    await Bun.sleep(100);
  }
  const own = { AWS_ENDPOINT_URL_SSM: url, AWS_ENDPOINT_URL_SECRETS_MANAGER: url, AWS_REGION: REGION };
  return { url, env: { ...CREDENTIALS, ...own, AWS_EC2_METADATA_DISABLED: "true" }, stop };
}
