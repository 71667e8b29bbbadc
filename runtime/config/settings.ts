import { join } from "node:path";
import type { Secret } from "../secret.ts";
import { activitySettings } from "./activity-settings.ts";
import { awsSettings } from "./aws-settings.ts";
import { deadlineSettings } from "./deadline-settings.ts";
import { kafkaSettings } from "./kafka-settings.ts";
import { type Config, optional, type Settings, setting } from "./load.ts";
import { oidcSettings } from "./oidc-settings.ts";
import {
  boolean,
  durationMs,
  integer,
  listOf,
  oneOf,
  port,
  sameBesidesLogin,
  secretOf,
  text,
  url,
  withoutPassword,
} from "./parsers.ts";
import { rateLimitSettings } from "./rate-limit-settings.ts";
import { serviceSettings } from "./service-settings.ts";
import { telemetrySettings } from "./telemetry-settings.ts";
import { webhookSettings } from "./webhook-settings.ts";

/**
 * `dev` and `test` start what they need by themselves; `serve` is a process as in a pod; `migrate` only changes schemas,
 * `topics` only makes topics.
 */
export type Mode = "dev" | "test" | "serve" | "migrate" | "topics";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Every setting of the platform but the database URLs of single modules. */
export function platformSettings<M extends string>(known: { modules: readonly M[]; mode: Mode; cwd: string }) {
  const serving = known.mode === "serve";
  return {
    port: setting({
      env: "PORT",
      flag: "port",
      parser: port,
      fallback: 8080,
      description: "Public port: API, pages, health.",
    }),
    internalPort: setting<number>({
      env: "INTERNAL_PORT",
      flag: "internal-port",
      parser: port,
      fallback: ({ port: open }) => (typeof open === "number" && open > 0 ? open + 1 : 0),
      description: "Port for rpc, metrics and health, never routed from outside. Default: PORT + 1.",
    }),
    host: setting({
      env: "HOST",
      flag: "host",
      parser: text(255),
      fallback: serving ? "0.0.0.0" : "127.0.0.1",
      description: "Address that both ports listen on.",
    }),
    modules: setting<readonly M[]>({
      env: "MODULES",
      flag: "modules",
      parser: listOf("modules", known.modules),
      fallback: known.modules,
      description: "Modules that run in this process.",
    }),
    transport: setting({
      env: "TRANSPORT",
      flag: "transport",
      parser: oneOf("inprocess", "kafka"),
      fallback: ({ modules }) =>
        Array.isArray(modules) && modules.length < known.modules.length ? ("kafka" as const) : ("inprocess" as const),
      description: "How messages travel between modules. Default: inprocess where all modules run here, else kafka.",
    }),
    edge: setting({
      env: "EDGE",
      flag: "edge",
      parser: oneOf("auto", "on", "off"),
      fallback: "auto" as const,
      description: "Pages, documents and /ops. auto: where the module order runs.",
    }),
    databaseUrl: optional({
      env: "DATABASE_URL",
      flag: "database-url",
      parser: secretOf(url("postgres", "postgresql")),
      secret: true,
      redact: withoutPassword,
      live: sameBesidesLogin,
      description: "PostgreSQL for all modules, a schema each. <MODULE>_DATABASE_URL wins for one module.",
    }),
    redisUrl: optional({
      env: "REDIS_URL",
      flag: "redis",
      parser: secretOf(url("redis", "rediss")),
      secret: true,
      redact: withoutPassword,
      live: sameBesidesLogin,
      parameter: { of: "shared", needed: "never" },
      description:
        "Redis for the catalogue's cache, rate limits and hints between replicas. Without it: memory, and each process limits for itself. Platforms that share a server need a database number each.",
    }),
    redisCaFile: optional({
      env: "REDIS_CA_FILE",
      parser: text(4096),
      description:
        "PEM file of the authorities that signed the certificate of a rediss:// server. Default: the system's.",
    }),
    exclusiveDatabase: setting({
      env: "EXCLUSIVE_DATABASE",
      parser: boolean,
      fallback: false,
      description:
        "No other process uses DATABASE_URL: what a process before left there is taken over at once. Only for dev.",
    }),
    dataDir: setting({
      env: "DATA_DIR",
      flag: "data",
      parser: text(4096),
      fallback: join(known.cwd, ".data"),
      description: "Directory of the embedded database and the development signing key.",
    }),
    logLevel: setting({
      env: "LOG_LEVEL",
      flag: "log-level",
      parser: oneOf("debug", "info", "warn", "error"),
      fallback: known.mode === "dev" ? ("warn" as const) : ("info" as const),
      live: true,
      description: "The least level that is logged.",
    }),
    logFormat: setting({
      env: "LOG_FORMAT",
      flag: "log-format",
      parser: oneOf("auto", "json", "text"),
      fallback: "auto" as const,
      description: "How log lines look. auto: text on a terminal, else a JSON object a line.",
    }),
    developmentIssuer: setting({
      env: "DEVELOPMENT_ISSUER",
      parser: boolean,
      fallback: !serving,
      description:
        "Accept tokens that the token command prints. Never in production: refused with OIDC_ISSUER, SERVICE_ISSUER or NODE_ENV=production.",
    }),
    ...oidcSettings,
    leaseMs: setting({
      env: "LEASE_MS",
      parser: durationMs(200, 2 * SECOND),
      fallback: 1500,
      description: "How long a shard stays with a holder that is silent.",
    }),
    leaseRenewMs: setting({
      env: "LEASE_RENEW_MS",
      parser: durationMs(50, SECOND),
      fallback: 500,
      description: "How often a holder renews its shards.",
    }),
    batchLimit: setting({
      env: "BATCH_LIMIT",
      parser: integer(1, 1000),
      fallback: 200,
      description: "Most messages in one transaction.",
    }),
    backgroundDelayMs: setting({
      env: "BACKGROUND_DELAY_MS",
      parser: durationMs(0, SECOND),
      fallback: 25,
      description: "How long work off the customer's path waits to fill a batch.",
    }),
    ackDelayMs: setting({
      env: "ACK_DELAY_MS",
      parser: durationMs(0, SECOND),
      fallback: 25,
      description: "How long deletions of delivered messages wait for a batch to ride on.",
    }),
    commandQueueLimit: setting({
      env: "COMMAND_QUEUE_LIMIT",
      parser: integer(1, 100_000),
      fallback: 2000,
      description: "Requests that may wait for a batch of one module; more are answered 503.",
    }),
    admissionDelayMs: setting({
      env: "ADMISSION_DELAY_MS",
      live: true,
      parser: durationMs(10, MINUTE),
      fallback: 250,
      description: "New orders that would wait longer than this to be placed are answered 503.",
    }),
    streamLimit: setting({
      env: "STREAM_LIMIT",
      parser: integer(1, 100_000),
      fallback: 1000,
      description: "Event streams that may be open in one process; more are answered 503.",
    }),
    streamLimitPerCaller: setting({
      env: "STREAM_LIMIT_PER_CALLER",
      parser: integer(1, 100_000),
      fallback: 20,
      description: "Event streams that one caller may have open in one process; more are answered 429.",
    }),
    gapAlarmMs: setting({
      env: "GAP_ALARM_MS",
      parser: durationMs(SECOND, DAY),
      fallback: 30 * SECOND,
      description: "How long a gap in a sequence may stand before it is reported.",
    }),
    shutdownDeadlineMs: setting({
      env: "SHUTDOWN_DEADLINE_MS",
      parser: durationMs(100, 5 * MINUTE),
      fallback: 9 * SECOND,
      description: "After a stop signal the process ends at the latest then.",
    }),
    readinessDrainMs: setting({
      env: "READINESS_DRAIN_MS",
      parser: durationMs(0, MINUTE),
      fallback: serving ? 3 * SECOND : 0,
      description: "How long it says not ready, and still answers, before it stops listening.",
    }),
    bodyTimeoutMs: setting({
      env: "BODY_TIMEOUT_MS",
      parser: durationMs(100, 5 * MINUTE),
      fallback: 15 * SECOND,
      description: "How long the body of a request may take to arrive.",
    }),
    ...activitySettings,
    ...awsSettings,
    ...kafkaSettings,
    ...serviceSettings,
    ...deadlineSettings,
    carrierStepMs: setting({
      ...deadlineSettings.carrierStepMs,
      // Slow enough that whoever tries something by hand is first.
      fallback: known.mode === "dev" ? 90 * SECOND : deadlineSettings.carrierStepMs.fallback,
    }),
    idempotencyKeptForMs: setting({
      env: "IDEMPOTENCY_KEPT_FOR_MS",
      parser: durationMs(DAY, 400 * DAY),
      fallback: DAY,
      description: "How long a repeated request gets its first answer; at least a day.",
    }),
    ...webhookSettings,
    ...rateLimitSettings,
    ...telemetrySettings(known.mode),
  } satisfies Settings;
}

export type PlatformConfig<M extends string> = Config<ReturnType<typeof platformSettings<M>>> & {
  /** The URL of each module that runs here; null means the embedded database. */
  readonly databaseUrls: ReadonlyMap<M, Secret | null>;
  /** Internal ports of modules, where one is given for that module. */
  readonly rpcUrls: ReadonlyMap<string, string>;
  /** By module, where its database's master is not the URL's user. */
  readonly masterSecrets: ReadonlyMap<string, string>;
  /** Of the modules that are sent webhooks, where they are given. */
  readonly webhookSecrets: ReadonlyMap<string, readonly Secret[]>;
};
