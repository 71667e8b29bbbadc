/** Embedded servers on data directories of a test's own, which are gone after it. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "./embedded.ts";
import { openDatabase } from "./postgres.ts";

const parent = existsSync("/dev/shm") ? "/dev/shm" : "/tmp";

export interface EmbeddedBench {
  /** Run after the test, the last one first. */
  readonly cleanups: (() => unknown)[];
  /** A place for a data directory that is not there yet. */
  fresh(): string;
  /** A copy of an empty cluster, which is quicker than making one. */
  scratch(): string;
  start(dataDir: string, options?: Partial<EmbeddedOptions>): Promise<{ server: EmbeddedServer; lines: string[] }>;
}

/** For the tests of one file. */
export function embeddedBench(): EmbeddedBench {
  // Other work on the machine can make a start slow.
  setDefaultTimeout(30_000);
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const template = mkdtempSync(join(parent, "genai-demo-template-"));
  chmodSync(template, 0o755);
  beforeAll(async () => {
    const server = await startEmbedded({ dataDir: template, scheduler, log: () => undefined, fsync: false });
    await server.stop();
  });
  afterAll(() => rmSync(template, { recursive: true, force: true }));

  function fresh() {
    const made = mkdtempSync(join(parent, "genai-demo-test-"));
    chmodSync(made, 0o755);
    cleanups.push(() => rmSync(made, { recursive: true, force: true }));
    return join(made, "data");
  }

  return {
    cleanups,
    fresh,
    scratch() {
      const dataDir = fresh();
      const copied = Bun.spawnSync(["cp", "-a", template, dataDir]);
      if (copied.exitCode !== 0) throw new Error(copied.stderr.toString());
      return dataDir;
    },
    async start(dataDir, options = {}) {
      const lines: string[] = [];
      const log = (line: string) => void lines.push(line);
      const server = await startEmbedded({ dataDir, scheduler, log, fsync: false, ...options });
      cleanups.push(() => server.stop());
      return { server, lines };
    },
  };
}

/** The one line that refuses a start. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof StartError)) throw new Error(`expected a StartError, got ${outcome}`);
  expect(outcome.message).not.toContain("\n");
  return outcome.message;
}

/** The rows of one statement. */
export async function query({ url }: Pick<EmbeddedServer, "url">, text: string) {
  const database = openDatabase({ url, schema: "public", role: null, scheduler });
  try {
    return await database.query({ text, params: [] });
  } finally {
    await database.close();
  }
}
