import { afterAll, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { accountPerModule } from "../registry.ts";
import { systemScheduler } from "../scheduler.ts";
import { principalByClaims } from "./principal-claims.ts";
import { type ClusterIssuerSettings, clusterIssuer } from "./service-account.ts";
import { createTokenVerifier } from "./token-verifier.ts";

const nowMs = 1_800_000_000_000;
const clock = { now: () => nowMs };
const { privateKey, publicKey } = await generateKeyPair("RS256");
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256" }] };
/** A cluster's issuer, as EKS publishes its keys. */
const cluster = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url }) =>
    new URL(url).pathname === "/id/1/keys" ? Response.json(jwks) : new Response("no", { status: 404 }),
});
afterAll(() => cluster.stop(true));
const issuer = `http://127.0.0.1:${cluster.port}/id/1`;

const settings: ClusterIssuerSettings = {
  issuer,
  jwksUrl: null,
  audience: "genai-demo",
  algorithm: "RS256",
  namespace: "genai-demo",
  accounts: accountPerModule(["order", "pricing"]),
};
const verifierOf = (change: Partial<ClusterIssuerSettings> = {}) =>
  createTokenVerifier({
    issuers: [clusterIssuer({ ...settings, ...change }, clock)],
    clock,
    scheduler: systemScheduler,
  });
const signed = (sub: string, claims: JWTPayload = {}, expires: JWTPayload = { exp: nowMs / 1000 + 600 }) =>
  new SignJWT({ iss: issuer, aud: ["genai-demo"], ...expires, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .setSubject(sub)
    .sign(privateKey);

test("a pod speaks for its account's module, and where orders run also for the edge", async () => {
  const verifier = verifierOf();
  const callersOf = async (account: string) => {
    const verification = await verifier.verify(await signed(`system:serviceaccount:genai-demo:${account}`));
    return verification.ok ? verification.principal.callers : verification.reason;
  };
  expect(await callersOf("order")).toEqual(["order", "edge"]);
  expect(await callersOf("pricing")).toEqual(["pricing"]);
  expect(await callersOf("default")).toBe("invalid");
});

test.each([
  ["an account of that name elsewhere", "system:serviceaccount:attacker:order", {}],
  ["a person", "order", {}],
  ["a name with more parts", "system:serviceaccount:genai-demo:order:order", {}],
  ["another audience", "system:serviceaccount:genai-demo:order", { aud: "sts.amazonaws.com" }],
  ["another issuer", "system:serviceaccount:genai-demo:order", { iss: `${issuer}/` }],
] as const)("%s is refused", async (_what, sub, claims) => {
  expect(await verifierOf().verify(await signed(sub, claims))).toMatchObject({ ok: false, reason: "invalid" });
});

test("a token without an end is refused", async () => {
  const token = await signed("system:serviceaccount:genai-demo:order", {}, {});
  expect(await verifierOf().verify(token)).toMatchObject({ ok: false, reason: "invalid" });
});

test("a token that has ended is told apart", async () => {
  const token = await signed("system:serviceaccount:genai-demo:order", { exp: nowMs / 1000 - 60 });
  expect(await verifierOf().verify(token)).toMatchObject({ ok: false, reason: "expired" });
});

test("a pod's token is no person's, though issuer and audience are the same", async () => {
  const claims = { role: "role", roleWithout: null, scope: "scope", scopePrefix: "" };
  const people = createTokenVerifier({
    issuers: [{ ...clusterIssuer(settings, clock), principalOf: principalByClaims(claims) }],
    clock,
    scheduler: systemScheduler,
  });
  const token = await signed("system:serviceaccount:genai-demo:order");
  expect(await people.verify(token)).toMatchObject({ ok: false, reason: "invalid" });
});

test("keys that cannot be fetched are no refusal", async () => {
  const verifier = verifierOf({ jwksUrl: `http://127.0.0.1:${cluster.port}/elsewhere` });
  const token = await signed("system:serviceaccount:genai-demo:order");
  expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: "unavailable" });
});
