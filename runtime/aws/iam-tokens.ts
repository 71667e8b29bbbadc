/**
 * Tokens of IAM in the place of passwords. Each is a presigned request, as the service wants it written; whoever holds one
 * can log in with it until it expires, so it is a `Secret`.
 */
import { version } from "../build-info.ts";
import { type Secret, secret } from "../secret.ts";
import { type Presign, queryText } from "./presigned.ts";

export interface IamToken {
  readonly value: Secret;
  readonly expiresAtMs: number;
}

interface DatabaseUser {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** The password of a database user that has `rds_iam`. The host must be the instance's own name, no alias of it. */
export async function rdsToken(
  presign: Presign,
  region: string,
  { host, port, user }: DatabaseUser,
): Promise<IamToken> {
  const query = { Action: "connect", DBUser: user };
  const { address, expiresAtMs } = await presign({ service: "rds-db", region, host: `${host}:${port}`, query });
  return { value: secret(address), expiresAtMs };
}

/** The password of a user of ElastiCache; `cache` is the name of the replication group, in lower case. */
export async function elastiCacheToken(
  presign: Presign,
  region: string,
  { cache, user }: { readonly cache: string; readonly user: string },
): Promise<IamToken> {
  const query = { Action: "connect", User: user };
  const { address, expiresAtMs } = await presign({ service: "elasticache", region, host: cache, query });
  return { value: secret(address), expiresAtMs };
}

/** What a client of MSK shows by OAUTHBEARER. */
export async function mskToken(presign: Presign, region: string): Promise<IamToken> {
  const { address, expiresAtMs } = await presign({
    service: "kafka-cluster",
    region,
    host: `kafka.${region}.amazonaws.com`,
    query: { Action: "kafka-cluster:Connect" },
  });
  // For the broker's log; it is not signed.
  const agent = queryText({ "User-Agent": `genai-demo/${version}` });
  return { value: secret(Buffer.from(`https://${address}&${agent}`).toString("base64url")), expiresAtMs };
}
