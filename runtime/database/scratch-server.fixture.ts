import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemScheduler } from "../scheduler.ts";
import { type EmbeddedServer, startEmbedded } from "./embedded.ts";

/** A throw-away server for tests: in memory where there is a /dev/shm, without fsync; `stop` removes its data. */
export async function startScratchServer(
  options: { settings?: Record<string, string>; tcpPort?: number } = {},
): Promise<EmbeddedServer> {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const dataDir = mkdtempSync(join(parent, "genai-demo-test-"));
  // As root the server runs under another account, which must be able to enter.
  chmodSync(dataDir, 0o711);
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    const server = await startEmbedded({
      dataDir,
      scheduler: systemScheduler,
      log: () => undefined,
      fsync: false,
      ...options,
    });
    return { ...server, stop: () => server.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
