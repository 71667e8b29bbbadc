/**
 * Composes a process of the platform from its configuration: databases (embedded where no URL is given), schemas,
 * modules, identity, HTTP. What it opens it closes again, also when a later part refuses to start.
 */
import { openMemory } from "./cache/memory.ts";
import type { SharedState } from "./cache/port.ts";
import { systemClock } from "./clock.ts";
import { readSettingFile } from "./config/setting-file.ts";
import type { PlatformConfig } from "./config/settings.ts";
import { type EmbeddedServer, startEmbedded } from "./database/embedded.ts";
import { migrate, verifySchema } from "./database/migrate.ts";
import { DatabaseError } from "./database/port.ts";
import { openDatabase } from "./database/postgres.ts";
import { roleOf } from "./database/schema-state.ts";
import { mountEdge } from "./edge/edge.ts";
import { errorText } from "./error-text.ts";
import { createApp, handlerOf } from "./http/app.ts";
import { createHealth, type Health, healthRoutes } from "./http/health.ts";
import { type HttpDeps, mountRoutes } from "./http/mount.ts";
import { type RunningServer, startServer } from "./http/server.ts";
import { httpSteps, type ShutdownStep, shutDown } from "./http/shutdown.ts";
import { openDevelopmentIssuer } from "./identity/development-issuer.ts";
import { oidcIssuers } from "./identity/oidc.ts";
import { createTokenVerifier } from "./identity/token-verifier.ts";
import { createIds } from "./ids.ts";
import { createLog } from "./log.ts";
import { CommandUnavailable } from "./messages/command-unavailable.ts";
import type { Log } from "./messages/log.ts";
import { DEFAULT_RETENTION } from "./messages/retention.ts";
import type { Module } from "./module.ts";
import { createProcess } from "./process.ts";
import { systemRandom } from "./random.ts";
import { EDGE_HOST } from "./registry.ts";
import { RpcUnavailable } from "./rpc/port.ts";
import { systemScheduler as scheduler } from "./scheduler.ts";
import { StartError } from "./start-error.ts";
import { createInProcessTransport } from "./transport/inprocess.ts";
import type { Transport } from "./transport/port.ts";

export interface PlatformOptions {
  readonly registry: readonly Module[];
  readonly config: PlatformConfig<string>;
  /** Local dev: embedded database where no URL is given, migrations and demo data at start. */
  readonly local: boolean;
  /** Removes the embedded database first. */
  readonly reset?: boolean;
  readonly write: (line: string) => void;
}

export interface RunningPlatform {
  readonly url: string;
  /** Ends everything in order; resolves to false when the deadline cut something short. */
  stop(limits?: StopLimits): Promise<boolean>;
}

export interface StopLimits {
  /** How long requests under way may take to end; half of the shutdown deadline when left out. */
  readonly requestsDeadlineMs?: number;
}

const POLL_MS = 100;
const CALL_CONCURRENCY = 256;

/** The schemas of the given modules with their migrations, side schemas included. */
export const schemasOf = (modules: readonly Module[]) =>
  modules.flatMap((module) => [
    { name: module.name, migrations: module.migrations },
    ...module.sideSchemas.map(({ schema, migrations }) => ({ name: schema, migrations })),
  ]);

/** Migrates the database of each module; modules that share a URL are done in one go. */
export async function migrateAll(
  modules: readonly Module[],
  urlOf: (module: string) => string,
  log: (line: string) => void,
  apply: typeof migrate = migrate,
): Promise<void> {
  const byUrl = Map.groupBy(modules, (module) => urlOf(module.name));
  for (const [url, group] of byUrl) await apply({ url, modules: schemasOf(group), log, scheduler });
}

/** Starts a process; throws a `StartError` with one line that says what to do. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const { config, local } = options;
  const modules = options.registry.filter((module) => config.modules.includes(module.name));
  const log = createLog(systemClock, config.logLevel, options.write);
  const say = (line: string) => log("info", "start", { message: line });
  const opened: ShutdownStep[] = [];
  const stopAll = async (first: readonly ShutdownStep[]) => {
    const steps = [...first, ...opened.reverse()];
    const report = await shutDown(steps, { scheduler, deadlineMs: config.shutdownDeadlineMs });
    for (const { name, error } of report.failed) log("warn", "stop.failed", { part: name, error: String(error) });
    return report.failed.length === 0 && report.left.length === 0;
  };

  try {
    const alarm = (line: string) => log("error", "database.server", { message: line });
    const embedded = await openEmbedded(options, say, alarm);
    if (embedded) opened.push({ name: "embedded database", run: embedded.stop });
    const urlOf = (module: string) => {
      const url = config.databaseUrls.get(module) ?? embedded?.url;
      if (url) return url;
      throw new StartError("No database: set DATABASE_URL (or <MODULE>_DATABASE_URL for each module).");
    };
    await migrateAll(modules, urlOf, say, local ? migrate : verifySchema);

    const health = createHealth();
    health.expect("modules");
    const random = systemRandom();
    const ids = createIds(systemClock, random);
    const exclusive = (module: string) =>
      urlOf(module) === embedded?.url || (config.exclusiveDatabase && urlOf(module) === config.databaseUrl);
    const platform = createProcess({
      modules,
      clock: systemClock,
      scheduler,
      ids,
      transport: await openTransport(options.config, modules, health, log),
      database: (module, schema) => openDatabase({ url: urlOf(module), schema, role: roleOf(schema), scheduler }),
      shared: await openShared(
        config,
        log,
        modules.every(({ name }) => exclusive(name)),
      ),
      log,
      deadlines: {
        placementMs: config.placementDeadlineMs,
        paymentAnswerMs: config.paymentAnswerTimeoutMs,
        paymentRetryForMs: config.paymentRetryForMs,
      },
      exclusive,
      condition: (module, problem) =>
        problem === null ? health.up(module) : health.down(module, `cannot work with its database: ${problem}`),
      limits: {
        batchLimit: config.batchLimit,
        backgroundDelayMs: config.backgroundDelayMs,
        ackDelayMs: config.ackDelayMs,
        commandQueueLimit: config.commandQueueLimit,
        retryMs: 100,
        gapAlarmMs: config.gapAlarmMs,
      },
      leaseMs: config.leaseMs,
      renewMs: config.leaseRenewMs,
      pollMs: POLL_MS,
      callConcurrency: CALL_CONCURRENCY,
      retention: { ...DEFAULT_RETENTION, idempotencyKeptForMs: config.idempotencyKeptForMs },
    });
    opened.push({ name: "modules", run: platform.stop });

    const issuer = config.developmentIssuer ? await openDevelopmentIssuer(config.dataDir, systemClock) : undefined;
    const http: HttpDeps = {
      verifier: createTokenVerifier({
        issuers: [...(issuer ? [issuer.trusted] : []), ...oidcIssuers(config)],
        clock: systemClock,
        scheduler,
      }),
      scheduler,
      ids,
      bodyTimeoutMs: config.bodyTimeoutMs,
      onError(error, about) {
        // An outage is reported where it is met first; who was turned away by it needs no stack.
        if (isOutage(error)) return log("info", "request.unavailable", { ...about, error: error.message });
        log("error", "request.failed", { ...about, error: errorText(error) });
      },
      checkReplies: local,
    };
    const publicApp = createApp(http);
    const routes = healthRoutes(health);
    mountRoutes(publicApp, [...routes, ...platform.routes], http);
    if (config.edge === "on" || (config.edge === "auto" && config.modules.includes(EDGE_HOST)))
      mountEdge(publicApp, {
        routes,
        modules: options.registry,
        developmentKeys: issuer?.jwks,
        ops: {
          rpc: platform.rpc,
          modules: options.registry.map(({ name }) => name),
          clock: systemClock,
          scheduler,
        },
        http,
      });
    const internalApp = createApp(http);
    mountRoutes(internalApp, healthRoutes(health), http);

    const closing = () => health.draining;
    const listen = (app: typeof publicApp, port: number, portSetting: string): RunningServer =>
      startServer({
        handler: handlerOf(app, closing),
        hostname: config.host,
        port,
        portSetting,
        scheduler,
        onError: (error) => log("error", "http.failed", { error: String(error) }),
      });
    const servers = [listen(publicApp, config.port, "PORT")];
    opened.push({ name: "ports", run: () => Promise.all(servers.map((server) => server.stop(0))) });
    servers.push(listen(internalApp, config.internalPort, "INTERNAL_PORT"));

    if (local) await platform.seedDemo();
    await platform.start();
    health.up("modules");
    return {
      url: servers[0]?.url ?? "",
      stop: (limits = {}) =>
        stopAll(
          httpSteps({
            health,
            servers,
            scheduler,
            readinessDrainMs: config.readinessDrainMs,
            endWaits: platform.endWaits,
            requestsDeadlineMs: limits.requestsDeadlineMs ?? config.shutdownDeadlineMs / 2,
          }),
        ),
    };
  } catch (error) {
    await stopAll([]);
    throw error;
  }
}

/** Entries of a cache in memory, where this process alone writes to its databases. */
const MEMORY_ENTRIES = 500;

/** Redis where it is given; it decides nothing, so its absence is only logged. */
async function openShared(config: PlatformConfig<string>, log: Log, isAlone: boolean): Promise<SharedState> {
  const { redisUrl, redisCaFile } = config;
  if (redisUrl === null)
    return openMemory({ clock: systemClock, scheduler, mostEntries: isAlone ? MEMORY_ENTRIES : 0 });
  const { openRedis } = await import("./cache/redis.ts");
  const { parseRedisUrl } = await import("./cache/redis-url.ts");
  const random = systemRandom();
  return openRedis({
    target: parseRedisUrl(redisUrl, redisCaFile === null ? undefined : readSettingFile("REDIS_CA_FILE", redisCaFile)),
    scheduler,
    random,
    ids: createIds(systemClock, random),
    condition: (problem) =>
      problem === null ? log("info", "redis.there", {}) : log("warn", "redis.away", { error: problem }),
  });
}

/**
 * The brokers decide whether a process becomes ready. Once a part of it has worked, an outage takes no readiness away:
 * orders are still taken, and carried on when the brokers are back.
 */
async function openTransport(
  config: PlatformConfig<string>,
  modules: readonly Module[],
  health: Health,
  log: Log,
): Promise<Transport> {
  if (config.transport === "inprocess") return createInProcessTransport();
  const { createKafkaTransport } = await import("./transport/kafka.ts");
  const { kafkaSettingsOf } = await import("./transport/kafka/settings.ts");
  const worked = new Set<string>();
  return createKafkaTransport({
    settings: kafkaSettingsOf(config, `genai-demo-${config.modules.join("-")}`),
    sends: modules.flatMap(({ topics }) => topics.sends.map(({ name }) => name)),
    scheduler,
    random: systemRandom(),
    log,
    condition(part, problem) {
      if (problem === null) worked.add(part);
      if (problem === null) health.up(`kafka ${part}`);
      else if (!worked.has(part)) health.down(`kafka ${part}`, problem);
    },
  });
}

/** Somebody is away, late or busy; anything else that ends a request is a bug. */
const isOutage = (error: unknown): error is Error =>
  error instanceof CommandUnavailable ||
  (error instanceof DatabaseError && error.kind === "unavailable") ||
  (error instanceof RpcUnavailable && (error.cause === undefined || isOutage(error.cause)));

async function openEmbedded(
  options: PlatformOptions,
  say: (line: string) => void,
  alarm: (line: string) => void,
): Promise<EmbeddedServer | undefined> {
  const { config, local } = options;
  const missing = config.modules.filter((module) => !config.databaseUrls.get(module));
  if (missing.length === 0) return undefined;
  if (!local)
    throw new StartError(
      `No database for ${missing.join(", ")}: set DATABASE_URL, or <MODULE>_DATABASE_URL for each. Only \`dev\` brings its own.`,
    );
  return startEmbedded({ dataDir: config.dataDir, scheduler, log: say, alarm, reset: options.reset ?? false });
}
