/**
 * Composes a process of the platform from its configuration: databases (embedded where no URL is given), schemas,
 * modules, identity, HTTP. What it opens it closes again, also when a later part refuses to start.
 */
import { systemClock } from "./clock.ts";
import { openActivity } from "./compose/activity.ts";
import { openDatabaseLogin } from "./compose/iam-logins.ts";
import { describeInstance } from "./compose/instance.ts";
import { observeBreakers, openMetrics } from "./compose/metrics.ts";
import { openRateLimiter } from "./compose/rate-limiter.ts";
import { reportFailures, tellRequests } from "./compose/request-log.ts";
import { openRemoteRpc, openReplicas, openServiceIdentity } from "./compose/services.ts";
import { openSharedState } from "./compose/shared-state.ts";
import { openTelemetry } from "./compose/telemetry.ts";
import { openTransport } from "./compose/transport.ts";
import { openWebhooks } from "./compose/webhooks.ts";
import { deadlineSettings } from "./config/deadline-settings.ts";
import type { PlatformConfig } from "./config/settings.ts";
import { type EmbeddedServer, startEmbedded } from "./database/embedded.ts";
import { migrate, verifySchema } from "./database/migrate.ts";
import { openDatabase } from "./database/postgres.ts";
import { roleOf } from "./database/schema-state.ts";
import { edgeAsks } from "./edge/asks.ts";
import { mountEdge } from "./edge/edge.ts";
import { createAdmission } from "./http/admission.ts";
import { createApp, type Handler, handlerOf } from "./http/app.ts";
import { createHealth, healthRoutes } from "./http/health.ts";
import { countTurnedAway } from "./http/measure-requests.ts";
import { type HttpDeps, mountRoutes } from "./http/mount.ts";
import { prometheusRoute } from "./http/prometheus-route.ts";
import { type RunningServer, startServer } from "./http/server.ts";
import { httpSteps, type ShutdownStep, shutDown } from "./http/shutdown.ts";
import { openDevelopmentIssuer } from "./identity/development-issuer.ts";
import { oidcIssuers } from "./identity/oidc.ts";
import { createTokenVerifier } from "./identity/token-verifier.ts";
import { createIds } from "./ids.ts";
import { instanceHandlers } from "./instance.ts";
import type { Log } from "./log.ts";
import { DEFAULT_RETENTION } from "./messages/retention.ts";
import type { Deadlines, Module } from "./module.ts";
import { createProcess } from "./process.ts";
import { systemRandom } from "./random.ts";
import { callersOf, EDGE, EDGE_HOST } from "./registry.ts";
import { createBreakers } from "./rpc/circuit-breaker.ts";
import { measuredHandlers } from "./rpc/measure-rpc.ts";
import { mountRpc } from "./rpc/serve.ts";
import { systemScheduler as scheduler } from "./scheduler.ts";
import { StartError } from "./start-error.ts";
import { askKept, tracesHandlers } from "./traces-rpc.ts";

export interface PlatformOptions {
  readonly registry: readonly Module[];
  readonly config: PlatformConfig<string>;
  /** The same as it is now, where it changes while the process runs. */
  readonly current?: () => PlatformConfig<string>;
  /** Local dev: embedded database where no URL is given, migrations and demo data at start. */
  readonly local: boolean;
  /** Removes the embedded database first. */
  readonly reset?: boolean;
  readonly log: Log;
  /** Names this process among its replicas, in its log lines and in /ops/topology. */
  readonly instance: string;
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
  const { config, local, log, current = () => config } = options;
  const modules = options.registry.filter((module) => config.modules.includes(module.name));
  const say = (line: string) => log("info", "start", { message: line });
  const opened: ShutdownStep[] = [];
  const stopAll = async (first: readonly ShutdownStep[]) => {
    const steps = [...first, ...opened.reverse()];
    const report = await shutDown(steps, { scheduler, deadlineMs: config.shutdownDeadlineMs });
    for (const { name, error } of report.failed) log("warn", "stop.failed", { part: name, error: String(error) });
    if (report.left.length > 0) log("warn", "stop.cut_short", { parts: report.left });
    return report.failed.length === 0 && report.left.length === 0;
  };

  const random = systemRandom();
  const ids = createIds(systemClock, random);
  try {
    const { metrics, stop: stopMetrics } = openMetrics(options.registry);
    opened.push({ name: "metrics", run: async () => stopMetrics() });
    const telemetry = await openTelemetry(config, { instanceId: options.instance, metrics, log });
    opened.push({ name: "telemetry", run: telemetry.stop });
    const { tracer } = telemetry;
    const health = createHealth();
    health.expect("modules");
    // Before the databases, so that it is known by then what the Service selects.
    const { activity, stop: stopActivity } = openActivity(config, { health, metrics, log });
    opened.push({ name: "activity", run: stopActivity });
    const alarm = (line: string) => log("error", "database.server", { message: line });
    const embedded = await openEmbedded(options, say, alarm);
    if (embedded) opened.push({ name: "embedded database", run: embedded.stop });
    const urlOf = (module: string) => {
      const url = current().databaseUrls.get(module)?.open() ?? embedded?.url;
      if (url) return url;
      throw new StartError("No database: set DATABASE_URL (or <MODULE>_DATABASE_URL for each module).");
    };
    const passwordOf = await openDatabaseLogin(config);
    const bring = local ? migrate : verifySchema;
    await migrateAll(modules, urlOf, say, (schemas) => bring({ ...schemas, ...(passwordOf && { passwordOf }) }));

    const issuer = config.developmentIssuer ? await openDevelopmentIssuer(config.dataDir, systemClock) : undefined;
    const hasEdge = config.edge === "on" || (config.edge === "auto" && config.modules.includes(EDGE_HOST));
    const names = options.registry.map(({ name }) => name);
    const callers = [...config.modules, ...(hasEdge ? [EDGE] : [])];
    const services = openServiceIdentity(config, names, callers, issuer);
    const breakers = createBreakers({ clock: systemClock, random, log });
    observeBreakers(metrics, breakers, names);
    const self = describeInstance(config, health, activity, { id: options.instance, atMs: systemClock.now(), hasEdge });
    const exclusive = (module: string) =>
      urlOf(module) === embedded?.url || (config.exclusiveDatabase && urlOf(module) === config.databaseUrl?.open());
    const isAlone = modules.every(({ name }) => exclusive(name));
    const shared = await openSharedState(config, current, health, log, isAlone);
    const platform = createProcess({
      modules,
      clock: systemClock,
      scheduler,
      ids,
      transport: await openTransport(options.config, modules, health, log),
      database: (module, schema) =>
        openDatabase({ url: () => urlOf(module), passwordOf, schema, role: roleOf(schema), scheduler }),
      shared,
      ...(services && modules.length < names.length ? { remote: openRemoteRpc(config, services, breakers) } : {}),
      breakers,
      log,
      ...(tracer && {
        tracing: { tracer, transport: config.transport, isCacheRemote: config.redisUrl !== null },
      }),
      metrics,
      deadlines: deadlinesOf(config),
      webhooks: openWebhooks(current, random),
      exclusive,
      activity,
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
      streamLimit: config.streamLimit,
      streamLimitPerCaller: config.streamLimitPerCaller,
    });
    opened.push({ name: "modules", run: platform.stop });

    const http: HttpDeps = {
      verifier: createTokenVerifier({
        issuers: [...(issuer ? [issuer.trusted] : []), ...oidcIssuers(config, systemClock)],
        clock: systemClock,
        scheduler,
      }),
      scheduler,
      ids,
      bodyTimeoutMs: config.bodyTimeoutMs,
      onError: reportFailures(log),
      metrics,
      checkReplies: local,
      ...(tracer && { tracer }),
    };
    const publicHttp = { ...http, ...openRateLimiter(config, current, shared) };
    const publicApp = createApp(http);
    const routes = healthRoutes(health);
    const admission = createAdmission({
      clock: systemClock,
      random,
      load: platform.load,
      targetMs: () => current().admissionDelayMs,
      paths: platform.routes.flatMap(({ spec }) => (spec.beginsWork ? [spec.path] : [])),
    });
    mountRoutes(publicApp, [...routes, ...platform.routes], { ...publicHttp, admission });
    const replicas = services && openReplicas(config, names, services);
    const traces = askKept(telemetry.service, telemetry.kept);
    if (hasEdge)
      mountEdge(publicApp, {
        routes,
        modules: options.registry,
        developmentKeys: issuer?.jwks,
        ops: {
          rpc: platform.rpc,
          modules: names,
          clock: systemClock,
          scheduler,
        },
        topology: { modules: names, self, replicas },
        traces: { modules: names, own: config.modules, ask: traces, replicas },
        http: publicHttp,
      });
    const internalApp = createApp(http);
    mountRoutes(internalApp, [...healthRoutes(health), prometheusRoute(metrics)], http);
    const closing = () => health.draining;
    // Until then callers are answered: they move away by themselves.
    let isStopping = false;
    const allowed = callersOf(options.registry, edgeAsks);
    if (services)
      mountRpc(internalApp, {
        ...http,
        handlers: [
          ...platform.rpcHandlers,
          ...measuredHandlers(
            [...instanceHandlers(config.modules, self), ...tracesHandlers(config.modules, traces)],
            metrics,
          ),
        ],
        allowed: (method) => allowed.get(method) ?? [],
        verifier: services.verifier,
        closing: () => isStopping,
      });

    const whileDebugging = (handler: Handler): Handler => {
      const telling = tellRequests(handler, systemClock, log);
      return (request, bindings) => (current().logLevel === "debug" ? telling : handler)(request, bindings);
    };
    const listen = (handler: Handler, port: number, portSetting: string): RunningServer =>
      startServer({
        handler: whileDebugging(handler),
        hostname: config.host,
        port,
        portSetting,
        scheduler,
        onError: (error) => log("error", "http.failed", { error: String(error) }),
      });
    const servers = [
      listen(handlerOf(publicApp, closing, countTurnedAway(admission.turnedAway, metrics)), config.port, "PORT"),
    ];
    opened.push({ name: "ports", run: () => Promise.all(servers.map((server) => server.stop(0))) });
    servers.push(listen(handlerOf(internalApp, closing), config.internalPort, "INTERNAL_PORT"));

    if (local) await platform.seedDemo();
    await platform.start();
    health.up("modules");
    const url = servers[0]?.url ?? "";
    log("info", "ready", { url });
    return {
      url,
      async stop(limits = {}) {
        log("info", "stopping", {});
        const isClean = await stopAll(
          httpSteps({
            health,
            servers,
            scheduler,
            readinessDrainMs: config.readinessDrainMs,
            endWaits() {
              isStopping = true;
              platform.endWaits();
            },
            requestsDeadlineMs: limits.requestsDeadlineMs ?? config.shutdownDeadlineMs / 2,
          }),
        );
        log("info", "stopped", {});
        return isClean;
      },
    };
  } catch (error) {
    await stopAll([]);
    throw error;
  }
}

// The settings' names are the keys of `Deadlines` by its definition.
const deadlinesOf = (config: Deadlines) =>
  Object.fromEntries(Object.keys(deadlineSettings).map((name) => [name, Reflect.get(config, name)])) as Deadlines;

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
