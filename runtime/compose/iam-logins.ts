/**
 * Logins by IAM, where the configuration asks for them: tokens that this process signs itself with the credentials of its
 * role. The SDK is loaded with the first of them, and not without.
 */
import type { IamToken } from "../aws/iam-tokens.ts";
import { systemClock as clock } from "../clock.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { PasswordOf } from "../database/link.ts";
import type { Secret } from "../secret.ts";
import { StartError } from "../start-error.ts";

async function openSigning(config: PlatformConfig<string>) {
  const region = config.awsRegion;
  // The configuration's own rules have asked for it.
  if (region === null) throw new StartError("No region: set AWS_REGION.");
  const [{ processCredentials }, { createPresign }, { keptToken }, tokens] = await Promise.all([
    import("../aws/credentials.ts"),
    import("../aws/presigned.ts"),
    import("../aws/kept-token.ts"),
    import("../aws/iam-tokens.ts"),
  ]);
  const presign = await createPresign(await processCredentials(), clock);
  const kept = (make: () => Promise<IamToken>): (() => Promise<Secret>) => keptToken(make, clock);
  return { region, presign, kept, ...tokens };
}

/** What the databases of RDS take for a password; undefined where they take the URL's. */
export async function openDatabaseLogin(config: PlatformConfig<string>): Promise<PasswordOf | undefined> {
  if (config.databaseLogin === "password") return undefined;
  const { region, presign, kept, rdsToken } = await openSigning(config);
  const byUser = new Map<string, () => Promise<Secret>>();
  return ({ host, port, user }) => {
    const name = `${user}@${host}:${port}`;
    const token = byUser.get(name) ?? kept(() => rdsToken(presign, region, { host, port, user }));
    byUser.set(name, token);
    return token();
  };
}

/** What ElastiCache takes for that user's password; undefined where it takes the URL's. */
export async function openRedisLogin(
  config: PlatformConfig<string>,
): Promise<((user: string) => Promise<Secret>) | undefined> {
  const { redisLogin, redisCacheName: cache } = config;
  if (redisLogin === "password" || cache === null) return undefined;
  const { region, presign, elastiCacheToken } = await openSigning(config);
  return async (user) => (await elastiCacheToken(presign, region, { cache, user })).value;
}

/** What MSK takes; undefined where the brokers take something else. */
export async function openKafkaLogin(config: PlatformConfig<string>): Promise<(() => Promise<string>) | undefined> {
  if (config.kafkaSasl !== "iam") return undefined;
  const { region, presign, kept, mskToken } = await openSigning(config);
  const token = kept(() => mskToken(presign, region));
  return async () => (await token()).open();
}
