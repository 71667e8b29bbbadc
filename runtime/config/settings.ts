import { join } from "node:path";
import { kafkaFaults, kafkaSettings } from "./kafka-settings.ts";
import {
  type Config,
  type ConfigFault,
  type Environment,
  type Flags,
  loadConfig,
  optional,
  type SettingRow,
  type Settings,
  setting,
} from "./load.ts";
import { boolean, durationMs, integer, listOf, oneOf, port, text, url, withoutPassword } from "./parsers.ts";
import { idempotencySettings, sagaSettings } from "./saga-settings.ts";
import { rpcBaseUrl, serviceSettings } from "./service-settings.ts";

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
      parser: url("postgres", "postgresql"),
      secret: true,
      redact: withoutPassword,
      description: "PostgreSQL for all modules, a schema each. <MODULE>_DATABASE_URL wins for one module.",
    }),
    redisUrl: optional({
      env: "REDIS_URL",
      flag: "redis",
      parser: url("redis", "rediss"),
      secret: true,
      redact: withoutPassword,
      description:
        "Redis for the catalogue's cache and hints between replicas. Without it: memory. Platforms that share a server need a database number each.",
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
      description: "The least level that is logged.",
    }),
    developmentIssuer: setting({
      env: "DEVELOPMENT_ISSUER",
      parser: boolean,
      fallback: !serving,
      description: "Accept tokens that the token command prints. Never in production.",
    }),
    oidcIssuer: optional({
      env: "OIDC_ISSUER",
      parser: url("https", "http"),
      description: "The `iss` of accepted tokens.",
    }),
    oidcAudience: setting({
      env: "OIDC_AUDIENCE",
      parser: text(255),
      fallback: "genai-demo",
      description: "The `aud` that accepted tokens must carry.",
    }),
    oidcJwksUrl: optional({
      env: "OIDC_JWKS_URL",
      parser: url("https", "http"),
      description: "Where the issuer publishes its keys. Default: OIDC_ISSUER + /.well-known/jwks.json.",
    }),
    oidcAlgorithm: setting({
      env: "OIDC_ALGORITHM",
      parser: oneOf("RS256", "PS256", "ES256", "ES384", "EdDSA"),
      fallback: "RS256" as const,
      description: "The one algorithm that the issuer signs with.",
    }),
    oidcRoleClaim: setting({
      env: "OIDC_ROLE_CLAIM",
      parser: text(255),
      fallback: "role",
      description: "The claim that names customer or operator, or a list with one of them.",
    }),
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
    ...kafkaSettings,
    ...serviceSettings,
    ...sagaSettings,
    carrierStepMs: setting({
      ...sagaSettings.carrierStepMs,
      // Slow enough that whoever tries something by hand is first.
      fallback: known.mode === "dev" ? 90 * SECOND : sagaSettings.carrierStepMs.fallback,
    }),
    ...idempotencySettings,
  } satisfies Settings;
}

export type PlatformConfig<M extends string> = Config<ReturnType<typeof platformSettings<M>>> & {
  /** The URL of each module that runs here; null means the embedded database. */
  readonly databaseUrls: ReadonlyMap<M, string | null>;
  /** Internal ports of modules, where one is given for that module. */
  readonly rpcUrls: ReadonlyMap<string, string>;
};

export interface PlatformGiven<M extends string> {
  readonly modules: readonly M[];
  readonly mode: Mode;
  readonly cwd: string;
  readonly env: Environment;
  readonly flags?: Flags;
}

/** The whole configuration of a process, with every value and where it came from; throws one `ConfigError`. */
export function loadPlatformConfig<M extends string>(
  given: PlatformGiven<M>,
): { readonly config: PlatformConfig<M>; readonly table: readonly SettingRow[] } {
  const platform = platformSettings(given);
  const urls = Object.fromEntries(
    given.modules.flatMap((name) => [
      [urlKey(name), moduleUrl(name)],
      [rpcUrlKey(name), moduleRpcUrl(name)],
    ]),
  );
  const { config, table } = loadConfig(
    { ...platform, ...urls },
    {
      env: given.env,
      flags: given.flags ?? {},
      check: (all) => crossFaults(given, all, all),
    },
  );
  const databaseUrls = new Map(config.modules.map((name) => [name, urlOf(config, name) ?? config.databaseUrl]));
  const rpcUrls = new Map(given.modules.flatMap((name) => rpcUrlOf(config, name) ?? []));
  return { config: { ...config, databaseUrls, rpcUrls }, table };
}

const rpcUrlKey = (module: string) => `${module}RpcUrl`;

const moduleRpcUrl = (module: string) =>
  optional({
    env: `${module.toUpperCase()}_RPC_URL`,
    parser: rpcBaseUrl,
    description: `Internal port where the module ${module} runs; wins over RPC_URL.`,
  });

function rpcUrlOf(values: Readonly<Record<string, unknown>>, module: string): [readonly [string, string]] | undefined {
  const value = values[rpcUrlKey(module)];
  return typeof value === "string" ? [[module, value]] : undefined;
}

const urlKey = (module: string) => `${module}DatabaseUrl`;
const urlEnv = (module: string) => `${module.toUpperCase()}_DATABASE_URL`;

const moduleUrl = (module: string) =>
  optional({
    env: urlEnv(module),
    parser: url("postgres", "postgresql"),
    secret: true,
    redact: withoutPassword,
    description: `PostgreSQL of the module ${module}; wins over DATABASE_URL.`,
  });

function urlOf(values: Readonly<Record<string, unknown>>, module: string): string | null {
  const value = values[urlKey(module)];
  return typeof value === "string" ? value : null;
}

function crossFaults<M extends string>(
  given: PlatformGiven<M>,
  config: Config<ReturnType<typeof platformSettings<M>>>,
  values: Readonly<Record<string, unknown>>,
): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const subset = config.modules.length < given.modules.length;
  if (config.internalPort > 65535)
    faults.push({
      setting: "PORT",
      given: String(config.port),
      advice: "leaves no port above it: set INTERNAL_PORT as well.",
    });
  if (config.port !== 0 && config.port === config.internalPort)
    faults.push({ setting: "INTERNAL_PORT", given: String(config.internalPort), advice: "must differ from PORT." });
  if (config.couponOrphanMs <= config.couponHoldMs)
    faults.push({
      setting: "COUPON_ORPHAN_AFTER_MS",
      given: String(config.couponOrphanMs),
      advice: `must be longer than COUPON_HOLD_MS (${config.couponHoldMs}): a hold is asked about only when its order can come no more.`,
    });
  if (subset && config.transport === "inprocess")
    faults.push({
      setting: "TRANSPORT",
      given: "inprocess",
      advice: `needs all modules in this process, but MODULES is ${config.modules.join(",")}: run --modules all, or use --transport kafka.`,
    });
  const isProcess = given.mode !== "migrate" && given.mode !== "topics";
  faults.push(...kafkaFaults(config, given.mode === "topics" || (isProcess && config.transport === "kafka")));
  if (config.exclusiveDatabase && given.mode !== "dev")
    faults.push({
      setting: "EXCLUSIVE_DATABASE",
      given: "true",
      advice: `is only for dev: in ${given.mode} it would take the work away from other replicas at each start; unset it.`,
    });
  if (given.mode === "serve" || given.mode === "migrate") {
    const without = config.databaseUrl ? [] : config.modules.filter((name) => urlOf(values, name) === null);
    if (without.length > 0)
      faults.push({
        setting: "DATABASE_URL",
        given: "not set",
        advice: `set it to a PostgreSQL, or ${without.map(urlEnv).join(", ")} one by one (for an embedded database use dev).`,
      });
    if (given.mode === "serve" && subset && !config.serviceIssuer && !config.developmentIssuer)
      faults.push({
        setting: "SERVICE_ISSUER",
        given: "not set",
        advice:
          "modules in different processes ask each other: set it to the cluster's issuer (on a development machine: DEVELOPMENT_ISSUER=true).",
      });
    if (given.mode === "serve" && !config.oidcIssuer && !config.developmentIssuer)
      faults.push({
        setting: "OIDC_ISSUER",
        given: "not set",
        advice: "set it to the issuer whose tokens are accepted (on a development machine: DEVELOPMENT_ISSUER=true).",
      });
  }
  if (config.leaseRenewMs * 2 > config.leaseMs)
    faults.push({
      setting: "LEASE_RENEW_MS",
      given: String(config.leaseRenewMs),
      advice: `must be at most half of LEASE_MS, which is ${config.leaseMs}.`,
    });
  if (config.readinessDrainMs >= config.shutdownDeadlineMs)
    faults.push({
      setting: "READINESS_DRAIN_MS",
      given: String(config.readinessDrainMs),
      advice: `must be less than SHUTDOWN_DEADLINE_MS, which is ${config.shutdownDeadlineMs}.`,
    });
  return faults;
}
