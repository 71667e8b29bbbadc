/**
 * A platform for a test, in the shape that the runner chose: one process with its own PostgreSQL, one process on external
 * servers, or several processes on them, each with a database made for this test. The test itself cannot tell which.
 */
import { systemClock } from "../../runtime/clock.ts";
import { issueToken } from "../../runtime/identity/development-issuer.ts";
import type { Role } from "../../runtime/identity/principal.ts";
import { type Client, createClient } from "./client.ts";
import { administer } from "./external-data.ts";
import type { Environment, PlatformProcess } from "./process.ts";
import { embeddedShape, externalShape, type Shape } from "./shape.ts";
import { groupingOf } from "./topology.ts";

export interface TestPlatform {
  readonly dataDir: string;
  readonly process: PlatformProcess;
  /** A caller with a token of its own. */
  as(role: Role, sub: string): Promise<Client>;
  customer(sub: string): Promise<Client>;
  /** A caller without a token. */
  guest(): Client;
  /** Runs statements past the platform, as the database's superuser: to look, and to do damage. */
  sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Another process on the same data, with settings of its own; the one before must have ended. */
  restart(own?: Environment): Promise<void>;
  /** What all of its processes have written so far, those that have ended included. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Starts a platform with demo data. The settings hold for each of its processes. `watching` is `dev` as it is used: its
 * supervisor restarts the application on a save, so whoever edits this checkout during the test disturbs it.
 */
export async function startTestPlatform(
  env: Environment = {},
  { watching = false }: { readonly watching?: boolean } = {},
): Promise<TestPlatform> {
  return startOn(await chosenShape(env, watching));
}

/** The same in a given shape; `stop` removes its data. */
export async function startOn(shape: Shape): Promise<TestPlatform> {
  let running = await shape.start();
  const before: PlatformProcess[] = [];
  const as = async (role: Role, sub: string) => createClient(running.url, await tokenOf(shape.dataDir, role, sub));
  return {
    dataDir: shape.dataDir,
    get process() {
      return running;
    },
    as,
    customer: (sub) => as("customer", sub),
    guest: () => createClient(running.url, null),
    sql: (text) => administer(shape.databaseUrl(), text),
    output: () => [...before, running].map((each) => each.output()).join("\n"),
    async restart(own) {
      before.push(running);
      running = await shape.start(own);
    },
    async stop() {
      await running.stop();
      await shape.remove();
    },
  };
}

async function chosenShape(env: Environment, watching: boolean): Promise<Shape> {
  const { DATABASE_URL: databaseUrl, KAFKA_BROKERS: kafkaBrokers, REDIS_URL: redisUrl } = process.env;
  const grouping = groupingOf(process.env["GENAI_DEMO_TOPOLOGY"]);
  if (!databaseUrl) return embeddedShape(env, watching);
  if (grouping === null) return externalShape(databaseUrl, { ...env, ...(redisUrl ? { REDIS_URL: redisUrl } : {}) });
  if (!kafkaBrokers || !redisUrl) throw new Error("this topology needs KAFKA_BROKERS and REDIS_URL");
  // Loaded where it is needed: it knows all modules.
  const { splitShape } = await import("./split-shape.ts");
  return splitShape({ databaseUrl, kafkaBrokers, redisUrl }, grouping, env);
}

export const tokenOf = (dataDir: string, role: Role, sub: string, scopes?: readonly string[]) =>
  issueToken({ dataDir, role, sub, ttlSeconds: 3600, clock: systemClock, ...(scopes ? { scopes } : {}) });
