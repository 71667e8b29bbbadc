import type { Secret } from "../secret.ts";
import { type ConfigFault, optional, type Settings, setting } from "./load.ts";
import { durationMs, oneOf, type Parser, text } from "./parsers.ts";

const SECOND = 1000;

const region: Parser<string> = {
  wants: "a region such as eu-central-1",
  parse: (given) => (/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/.test(given) ? given : null),
};

/** As Parameter Store has them; parameters are under `path/module/NAME`. */
const parameterPath: Parser<string> = {
  wants: "a path such as /genai-demo, without a slash at its end",
  parse: (given) => (/^(?:\/[A-Za-z0-9_.-]{1,100}){1,12}$/.test(given) ? given : null),
};

/** Parameter Store, and how this process logs in at what AWS runs for it. */
export const awsSettings = {
  awsRegion: optional({
    env: "AWS_REGION",
    parser: region,
    description: "Region of Parameter Store and of the services that this process logs in at by IAM.",
  }),
  parameterPath: optional({
    env: "PARAMETER_PATH",
    parser: parameterPath,
    description:
      "Path in Parameter Store: settings are read from PATH/MODULE/NAME and PATH/shared/NAME, and win over the environment. Without it: nothing is asked there.",
  }),
  parameterRefreshMs: setting({
    env: "PARAMETER_REFRESH_MS",
    parser: durationMs(SECOND, 24 * 3600 * SECOND),
    fallback: 300 * SECOND,
    description: "How often the parameters are read again, a fifth sooner or later.",
  }),
  databaseLogin: setting({
    env: "DATABASE_LOGIN",
    parser: oneOf("password", "iam"),
    fallback: "password" as const,
    description:
      "How modules log in at their databases: with the URL's password, or with tokens of IAM, for which TLS must be checked. migrate lets the modules' users in that way.",
  }),
  databaseMasterSecret: optional({
    env: "DATABASE_MASTER_SECRET",
    parser: text(2048),
    description:
      "Of migrate alone: ARN of the secret in which RDS keeps the master's name and password; they replace those of the URL. <MODULE>_DATABASE_MASTER_SECRET wins for one module.",
  }),
  redisLogin: setting({
    env: "REDIS_LOGIN",
    parser: oneOf("password", "iam"),
    fallback: "password" as const,
    description: "How this process logs in at Redis: with the URL's password, or with tokens of IAM for ElastiCache.",
  }),
  redisCacheName: optional({
    env: "REDIS_CACHE_NAME",
    parser: text(255),
    description: "Name of ElastiCache's replication group, which the tokens of REDIS_LOGIN=iam are signed for.",
  }),
} satisfies Settings;

interface AwsGiven {
  readonly awsRegion: string | null;
  readonly parameterPath: string | null;
  readonly databaseLogin: "password" | "iam";
  readonly redisLogin: "password" | "iam";
  readonly redisCacheName: string | null;
  readonly redisUrl: Secret | null;
  readonly kafkaSasl: string;
}

/** What logins by IAM lack. `databaseUrls`: by the variable that each comes from. */
export function awsFaults(
  given: AwsGiven,
  databaseUrls: ReadonlyMap<string, Secret>,
  masterSecrets: readonly string[],
): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const needsRegion = [
    ...(given.parameterPath === null ? [] : ["PARAMETER_PATH"]),
    ...(given.databaseLogin === "iam" ? ["DATABASE_LOGIN=iam"] : []),
    ...(given.redisLogin === "iam" ? ["REDIS_LOGIN=iam"] : []),
    ...(given.kafkaSasl === "iam" ? ["KAFKA_SASL=iam"] : []),
    ...masterSecrets,
  ];
  if (given.awsRegion === null && needsRegion.length > 0)
    faults.push({ setting: "AWS_REGION", given: "not set", advice: `${needsRegion.join(", ")} needs it.` });
  if (given.databaseLogin === "iam")
    for (const [env, url] of databaseUrls)
      if (!/^(?:require|verify-ca|verify-full)$/.test(new URL(url.open()).searchParams.get("sslmode") ?? ""))
        faults.push({
          setting: env,
          given: "without TLS",
          advice: "DATABASE_LOGIN=iam sends tokens: add ?sslmode=verify-full&sslrootcert=FILE.",
        });
  if (given.redisLogin === "iam") faults.push(...redisFaults(given));
  return faults;
}

function redisFaults({ redisUrl, redisCacheName }: AwsGiven): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const url = redisUrl === null ? null : new URL(redisUrl.open());
  if (url === null)
    faults.push({
      setting: "REDIS_URL",
      given: "not set",
      advice: "REDIS_LOGIN=iam needs it: rediss://user@host:6379.",
    });
  else if (url.protocol !== "rediss:" || url.username === "")
    faults.push({
      setting: "REDIS_URL",
      given: url.username === "" ? "without a user" : "without TLS",
      advice: "REDIS_LOGIN=iam sends tokens for a user: give it as rediss://user@host:6379.",
    });
  if (redisCacheName === null)
    faults.push({ setting: "REDIS_CACHE_NAME", given: "not set", advice: "REDIS_LOGIN=iam needs it." });
  return faults;
}
