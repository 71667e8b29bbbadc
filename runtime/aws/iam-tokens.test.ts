/** The tokens of IAM, with fixed credentials and clock; those of RDS and MSK are held against the services' own signers. */
import { expect, test } from "bun:test";
import { Signer } from "@aws-sdk/rds-signer";
import { generateAuthTokenFromCredentialsProvider } from "aws-msk-iam-sasl-signer-js";
import type { AwsIdentity } from "./credentials.ts";
import { elastiCacheToken, mskToken, rdsToken } from "./iam-tokens.ts";
import { keptToken } from "./kept-token.ts";
import { createPresign } from "./presigned.ts";

const REGION = "eu-central-1";
const NOW_MS = Date.UTC(2026, 10, 20, 9, 5, 7, 250);
const identity: AwsIdentity = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "hunter2/hunter2+hunter2",
  sessionToken: "a+session/token==",
};
const presignAt = (nowMs: number, who: AwsIdentity = identity) => createPresign(async () => who, { now: () => nowMs });

/** Of a text as a service takes it. */
const readOf = (address: string) => {
  const url = new URL(`https://${address}`);
  return { host: url.host, path: url.pathname, query: Object.fromEntries(url.searchParams) };
};
/** When somebody else has signed. */
const signedAtMs = (address: string) => {
  const text = readOf(address).query["X-Amz-Date"] ?? "";
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
};
const sorted = (address: string) => address.split(/[?&]/).sort();

test("of RDS: for that user at that host and port, a quarter of an hour, signed by the whole of the credentials", async () => {
  const place = { host: "orders.abc123.eu-central-1.rds.amazonaws.com", port: 5432, user: "order_app" };
  const { value, expiresAtMs } = await rdsToken(await presignAt(NOW_MS), REGION, place);
  const { host, path, query } = readOf(value.open());
  expect([host, path]).toEqual([`${place.host}:5432`, "/"]);
  expect(query).toEqual({
    Action: "connect",
    DBUser: "order_app",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIDEXAMPLE/20261120/eu-central-1/rds-db/aws4_request",
    "X-Amz-Date": "20261120T090507Z",
    "X-Amz-Expires": "900",
    "X-Amz-Security-Token": "a+session/token==",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(expiresAtMs).toBe(Date.UTC(2026, 10, 20, 9, 20, 7));
  for (const shown of [String(value), JSON.stringify({ value }), Bun.inspect(value)])
    expect(shown).not.toContain("Amz");
});

test("of RDS: the same as that of the SDK's signer", async () => {
  const place = { host: "orders.abc123.eu-central-1.rds.amazonaws.com", port: 5433, user: "order app'(1)*" };
  const signer = new Signer({
    region: REGION,
    hostname: place.host,
    port: place.port,
    username: place.user,
    credentials: identity,
  });
  const theirs = await signer.getAuthToken();
  const ours = await rdsToken(await presignAt(signedAtMs(theirs)), REGION, place);
  expect(sorted(ours.value.open())).toEqual(sorted(theirs));
});

test("of MSK: the same as that of its signer, but for who signs", async () => {
  const { token } = await generateAuthTokenFromCredentialsProvider({
    region: REGION,
    awsCredentialsProvider: async () => identity,
  });
  const decoded = (text: string) => Buffer.from(text, "base64url").toString().replace("https://", "");
  const theirs = decoded(token);
  const ours = await mskToken(await presignAt(signedAtMs(theirs)), REGION);
  const unnamed = (text: string) => sorted(text).filter((part) => !part.startsWith("User-Agent="));
  expect(unnamed(decoded(ours.value.open()))).toEqual(unnamed(theirs));
  expect(ours.value.open()).toMatch(/^[A-Za-z0-9_-]+$/);
  const { host, query } = readOf(decoded(ours.value.open()));
  expect([host, query["Action"], query["X-Amz-Expires"]]).toEqual([
    "kafka.eu-central-1.amazonaws.com",
    "kafka-cluster:Connect",
    "900",
  ]);
  expect(query["User-Agent"]).toStartWith("genai-demo/");
});

test("of ElastiCache: for that user of that cache, without a scheme or a port", async () => {
  const { value } = await elastiCacheToken(await presignAt(NOW_MS), REGION, { cache: "genai-demo", user: "pods" });
  expect(value.open()).toStartWith("genai-demo/?Action=connect&User=pods&X-Amz-Algorithm=AWS4-HMAC-SHA256&");
  expect(readOf(value.open()).query).toMatchObject({
    "X-Amz-Credential": "AKIDEXAMPLE/20261120/eu-central-1/elasticache/aws4_request",
    "X-Amz-Expires": "900",
    "X-Amz-SignedHeaders": "host",
  });
});

test("another secret, user, host or second gives another signature; the same gives the same", async () => {
  const place = { host: "db", port: 5432, user: "order_app" };
  const signature = async (nowMs: number, who: AwsIdentity, change: Partial<typeof place> = {}) => {
    const { value } = await rdsToken(await presignAt(nowMs, who), REGION, { ...place, ...change });
    return readOf(value.open()).query["X-Amz-Signature"];
  };
  const all = await Promise.all([
    signature(NOW_MS, identity),
    signature(NOW_MS, { ...identity, secretAccessKey: "another" }),
    signature(NOW_MS, identity, { user: "payment_app" }),
    signature(NOW_MS, identity, { host: "other" }),
    signature(NOW_MS + 1_000, identity),
  ]);
  expect(new Set(all).size).toBe(all.length);
  expect(await signature(NOW_MS, identity)).toBe(all[0]);
});

test("a token ends with the credentials that have signed it", async () => {
  const expiring = { ...identity, expiration: new Date(NOW_MS + 300_900) };
  const { value, expiresAtMs } = await mskToken(await presignAt(NOW_MS, expiring), REGION);
  const { query } = readOf(Buffer.from(value.open(), "base64url").toString().replace("https://", ""));
  expect(query["X-Amz-Expires"]).toBe("300");
  expect(expiresAtMs).toBe(Math.floor(NOW_MS / 1000 + 300) * 1000);
});

test("a kept token serves those who log in within a minute, is made by one for all, and is not handed out near its end", async () => {
  let nowMs = NOW_MS;
  let made = 0;
  let failing = false;
  let lifetimeMs = 900_000;
  const secretOf = async () => {
    made++;
    if (failing) throw new Error("no credentials");
    const presign = await presignAt(nowMs, { ...identity, expiration: new Date(nowMs + lifetimeMs) });
    return rdsToken(presign, REGION, { host: "db", port: 5432, user: "order_app" });
  };
  const token = keptToken(secretOf, { now: () => nowMs });
  const [first, second] = await Promise.all([token(), token()]);
  expect([made, first === second]).toEqual([1, true]);
  nowMs += 59_000;
  expect(await token()).toBe(first);
  nowMs += 2_000;
  expect(await token()).not.toBe(first);
  expect(made).toBe(2);
  // The clock was set back: how old it is cannot be told.
  nowMs -= 3_600_000;
  await token();
  expect(made).toBe(3);
  nowMs += 61_000;
  failing = true;
  await expect(token()).rejects.toThrow("no credentials");
  failing = false;
  lifetimeMs = 30_000;
  const short = await token();
  expect(await token()).not.toBe(short);
});
