/** What contradicts itself, or is missing, among settings that are each right by themselves. */
import { activityFaults } from "./activity-settings.ts";
import { awsFaults } from "./aws-settings.ts";
import { kafkaFaults } from "./kafka-settings.ts";
import type { Config, ConfigFault, Environment } from "./load.ts";
import { masterOf, urlEnv, urlOf } from "./module-settings.ts";
import { isPlainElsewhere } from "./plain-url.ts";
import type { Mode, platformSettings } from "./settings.ts";

/** `values`: the same settings, with those of single modules. */
export function crossFaults<M extends string>(
  given: { readonly modules: readonly M[]; readonly mode: Mode; readonly env: Environment },
  config: Config<ReturnType<typeof platformSettings<M>>>,
  values: Readonly<Record<string, unknown>>,
  malformed: ReadonlySet<string>,
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
  if (isProcess) faults.push(...activityFaults(config));
  faults.push(...iamFaults(given.mode, config, values));
  // It has nothing to do with brokers, though it reads the parameters of those who have.
  if (given.mode !== "migrate")
    faults.push(...kafkaFaults(config, given.mode === "topics" || (isProcess && config.transport === "kafka")));
  if (config.exclusiveDatabase && given.mode !== "dev")
    faults.push({
      setting: "EXCLUSIVE_DATABASE",
      given: "true",
      advice: `is only for dev: in ${given.mode} it would take the work away from other replicas at each start; unset it.`,
    });
  if (given.mode === "serve" || given.mode === "migrate") {
    const without = config.databaseUrl
      ? []
      : config.modules.filter((name) => urlOf(values, name) === null && !malformed.has(urlEnv(name)));
    if (without.length > 0)
      faults.push({
        setting: "DATABASE_URL",
        given: "not set",
        advice: `set it to a PostgreSQL, or ${without.map(urlEnv).join(", ")} one by one (for an embedded database use dev).`,
      });
    if (given.mode === "serve")
      faults.push(...issuerFaults(given.env, subset, config), ...plainIssuerFaults(config), ...proxyFaults(config));
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

/** `topics` has to do with no database; `migrate` logs in as the master. */
function iamFaults<M extends string>(
  mode: Mode,
  config: Config<ReturnType<typeof platformSettings<M>>>,
  values: Readonly<Record<string, unknown>>,
): ConfigFault[] {
  const urls = new Map(
    config.modules.flatMap((name) => {
      const own = urlOf(values, name);
      const url = own ?? config.databaseUrl;
      return url === null ? [] : [[own === null ? "DATABASE_URL" : urlEnv(name), url] as const];
    }),
  );
  const masters = config.modules.filter((name) => masterOf(values, name) !== null);
  const needing = [
    ...(config.databaseMasterSecret === null ? [] : ["DATABASE_MASTER_SECRET"]),
    ...masters.map((name) => `${name.toUpperCase()}_DATABASE_MASTER_SECRET`),
  ];
  const isPassword = mode === "topics" || mode === "migrate";
  return awsFaults(
    {
      ...config,
      databaseLogin: mode === "topics" ? "password" : config.databaseLogin,
      redisLogin: isPassword ? "password" : config.redisLogin,
    },
    urls,
    mode === "migrate" ? needing : [],
  );
}

/** `isSubset`: other modules run elsewhere. */
function issuerFaults(
  env: Environment,
  isSubset: boolean,
  config: {
    readonly oidcIssuer: string | null;
    readonly serviceIssuer: string | null;
    readonly developmentIssuer: boolean;
  },
): ConfigFault[] {
  if (config.developmentIssuer) return developmentFaults(env, config);
  const faults: ConfigFault[] = [];
  if (isSubset && !config.serviceIssuer)
    faults.push({
      setting: "SERVICE_ISSUER",
      given: "not set",
      advice:
        "modules in different processes ask each other: set it to the cluster's issuer (on a development machine: DEVELOPMENT_ISSUER=true).",
    });
  if (!config.oidcIssuer)
    faults.push({
      setting: "OIDC_ISSUER",
      given: "not set",
      advice: "set it to the issuer whose tokens are accepted (on a development machine: DEVELOPMENT_ISSUER=true).",
    });
  return faults;
}

/** Whoever stands between could put keys of their own in the place of an issuer's, and sign tokens for any person or pod. */
function plainIssuerFaults(config: {
  readonly oidcIssuer: string | null;
  readonly oidcJwksUrl: string | null;
  readonly serviceIssuer: string | null;
  readonly serviceJwksUrl: string | null;
}): ConfigFault[] {
  const given = {
    OIDC_ISSUER: config.oidcIssuer,
    OIDC_JWKS_URL: config.oidcJwksUrl,
    SERVICE_ISSUER: config.serviceIssuer,
    SERVICE_JWKS_URL: config.serviceJwksUrl,
  };
  return Object.entries(given).flatMap(([setting, url]) =>
    url === null || !isPlainElsewhere(url)
      ? []
      : [{ setting, given: url, advice: "must begin with https://, unless it is on this machine (127.0.0.1)." }],
  );
}

/** A wrong guess either takes all clients behind a balancer for one, or lets each of them write an address of its own. */
function proxyFaults(config: { readonly rateLimits: boolean; readonly trustedProxies: number | null }): ConfigFault[] {
  if (!config.rateLimits || config.trustedProxies !== null) return [];
  const advice =
    "requests are limited by client address: set it to 0 where clients reach this process directly, 1 behind a load balancer, 2 behind CloudFront and a load balancer (or RATE_LIMITS=off).";
  return [{ setting: "TRUSTED_PROXIES", given: "not set", advice }];
}

/** The development issuer lets in whoever reads its key, so it must not stand where others are meant to be asked. */
function developmentFaults(
  env: Environment,
  config: { readonly oidcIssuer: string | null; readonly serviceIssuer: string | null },
): ConfigFault[] {
  const signs = [
    ...(config.oidcIssuer === null ? [] : ["OIDC_ISSUER is set"]),
    ...(config.serviceIssuer === null ? [] : ["SERVICE_ISSUER is set"]),
    ...(env["NODE_ENV"] === "production" ? ["NODE_ENV is production"] : []),
  ];
  const advice = `is for development machines alone, and ${signs.join(" and ")}: unset it, or that, for whoever reads DATA_DIR can sign tokens for anybody.`;
  return signs.length === 0 ? [] : [{ setting: "DEVELOPMENT_ISSUER", given: "true", advice }];
}
