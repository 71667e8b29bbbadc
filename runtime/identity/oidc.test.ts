/** Tokens shaped as Cognito's, of an issuer that publishes its keys over HTTP. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { bearer } from "../http/authorise.ts";
import { ProblemError } from "../http/problem.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { type OidcSettings, oidcIssuers } from "./oidc.ts";
import { hasScope } from "./principal.ts";
import { remoteKeys } from "./remote-keys.ts";
import { createTokenVerifier } from "./token-verifier.ts";

const START_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
let nowMs = START_MS;
const clock = { now: () => nowMs };

/** A key of the pool: what signs, and what it publishes. */
async function keyNamed(kid: string, alg = "RS256") {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}
type Key = Awaited<ReturnType<typeof keyNamed>>;
const first = await keyNamed("first");
const second = await keyNamed("second");

let published: readonly JWK[] = [];
let isDown = false;
let isSlow: Promise<void> | null = null;
let fetches = 0;
const pool = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch({ url }) {
    fetches++;
    await isSlow;
    if (isDown) return new Response("down", { status: 503 });
    const isKeys = new URL(url).pathname === "/eu-central-1_pool/.well-known/jwks.json";
    return isKeys ? Response.json({ keys: published }) : new Response("no", { status: 404 });
  },
});
afterAll(() => pool.stop(true));
beforeEach(() => {
  nowMs = START_MS;
  published = [first.jwk];
  isDown = false;
  isSlow = null;
  fetches = 0;
});

const issuer = `http://127.0.0.1:${pool.port}/eu-central-1_pool`;
const CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado";
const settings: OidcSettings = {
  oidcIssuer: issuer,
  oidcAudience: [CLIENT, "another-client"],
  oidcAudienceClaim: "client_id",
  oidcJwksUrl: null,
  oidcAlgorithm: "RS256",
  oidcRoleClaim: "cognito:groups",
  oidcRoleWithout: null,
  oidcScopeClaim: "scope",
  oidcScopePrefix: "genai-demo/",
};
const verifierOf = (change: Partial<OidcSettings> = {}) =>
  createTokenVerifier({ issuers: oidcIssuers({ ...settings, ...change }, clock), clock, scheduler: systemScheduler });

type Claims = Readonly<Record<string, unknown>>;

const SUBJECT = "aaaaaaaa-bbbb-cccc-dddd-example";
/** As the pool signs an access token; `claims` replaces some, undefined leaves them out. */
const accessToken = (
  claims: Claims = {},
  key: Pick<Key, "kid" | "alg"> & { privateKey: Key["privateKey"] | Uint8Array } = first,
) =>
  new SignJWT({
    sub: SUBJECT,
    "cognito:groups": ["operator"],
    iss: issuer,
    version: 2,
    client_id: CLIENT,
    origin_jti: "a",
    event_id: "b",
    token_use: "access",
    scope: "aws.cognito.signin.user.admin genai-demo/pricing:write genai-demo/order:* openid",
    auth_time: Math.floor(nowMs / 1000),
    exp: Math.floor(nowMs / 1000) + 3600,
    iat: Math.floor(nowMs / 1000),
    jti: crypto.randomUUID(),
    username: "olga",
    ...claims,
  })
    .setProtectedHeader({ kid: key.kid, alg: key.alg })
    .sign(key.privateKey);

test("an operator is one by the group, with the scopes of the platform's resource server alone", async () => {
  const verification = await verifierOf().verify(await accessToken());
  if (!verification.ok) throw new Error(verification.detail);
  const { principal } = verification;
  expect(principal).toMatchObject({ subject: SUBJECT, role: "operator", issuer });
  expect(principal.scopes).toEqual(["pricing:write", "order:*"]);
  expect([hasScope(principal, "pricing:write"), hasScope(principal, "order:read")]).toEqual([true, true]);
  expect([hasScope(principal, "pricing:read"), hasScope(principal, "ops:read")]).toEqual([false, false]);
});

test("a scope without the prefix counts for nothing, not even one that would be all of them", async () => {
  const scope = "* pricing:write genai-demo/ other/order:read";
  const verification = await verifierOf().verify(await accessToken({ scope }));
  expect(verification).toMatchObject({ ok: true, principal: { scopes: [] } });
});

test("scopes may be a list in a claim of another name", async () => {
  const verifier = verifierOf({ oidcScopeClaim: "scp", oidcScopePrefix: null });
  const verification = await verifier.verify(await accessToken({ scp: ["pricing:write", 7] }));
  expect(verification).toMatchObject({ ok: true, principal: { scopes: ["pricing:write"] } });
});

test("who is in no group is a customer only where that is said", async () => {
  const token = await accessToken({ "cognito:groups": undefined });
  expect(await verifierOf().verify(token)).toMatchObject({ ok: false, reason: "invalid" });
  const open = verifierOf({ oidcRoleWithout: "customer" });
  expect(await open.verify(token)).toMatchObject({ ok: true, principal: { role: "customer" } });
  const inGroups = await accessToken({ "cognito:groups": ["eu-central-1_pool_Google", "customer"] });
  expect(await verifierOf().verify(inGroups)).toMatchObject({ ok: true, principal: { role: "customer" } });
});

test.each<[string, Claims]>([
  ["of a client that is not ours", { client_id: "somebody-elses-client" }],
  ["of no client", { client_id: undefined }],
  ["that names our client where it says for whom it is", { client_id: undefined, aud: CLIENT }],
  ["that tells who signed in", { token_use: "id", aud: CLIENT }],
  ["of another pool", { iss: `${issuer}2` }],
  ["that nobody is the subject of", { sub: undefined }],
  ["without an end", { exp: undefined }],
  ["that is not good yet", { nbf: START_MS / 1000 + 60 }],
])("a token %s is refused", async (_what, claims) => {
  const verification = await verifierOf().verify(await accessToken(claims));
  expect(verification).toMatchObject({ ok: false, reason: "invalid" });
});

test("where the audience is in `aud`, a token must have it there", async () => {
  const verifier = verifierOf({ oidcAudienceClaim: "aud" });
  expect(await verifier.verify(await accessToken())).toMatchObject({ ok: false, reason: "invalid" });
  expect((await verifier.verify(await accessToken({ aud: ["x", CLIENT] }))).ok).toBe(true);
  expect((await verifier.verify(await accessToken({ aud: CLIENT, token_use: "id" }))).ok).toBe(false);
});

test("a token that has ended is told apart, five seconds after its end", async () => {
  const token = await accessToken({ exp: START_MS / 1000 + 60 });
  nowMs += MINUTE_MS + 4_000;
  expect((await verifierOf().verify(token)).ok).toBe(true);
  nowMs += 2_000;
  expect(await verifierOf().verify(token)).toMatchObject({ ok: false, reason: "expired" });
});

test("only the pinned algorithm is taken, whatever the header says", async () => {
  const elliptic = await keyNamed("elliptic", "ES256");
  published = [first.jwk, elliptic.jwk];
  // Signed with what everybody knows, as if it were a shared secret.
  const secret = new TextEncoder().encode(await exportSPKI(first.publicKey));
  const tokens = [
    await accessToken({}, elliptic),
    await accessToken({}, { ...first, alg: "PS256", privateKey: await asPss(first) }),
    await accessToken({}, { kid: first.kid, alg: "HS256", privateKey: secret }),
  ];
  for (const token of tokens) expect(await verifierOf().verify(token)).toMatchObject({ ok: false, reason: "invalid" });
  expect((await verifierOf({ oidcAlgorithm: "ES256" }).verify(tokens[0] ?? "")).ok).toBe(true);
});

const asPss = async (key: Key) =>
  crypto.subtle.importKey(
    "pkcs8",
    await crypto.subtle.exportKey("pkcs8", key.privateKey),
    { name: "RSA-PSS", hash: "SHA-256" },
    false,
    ["sign"],
  );

test("keys that a token brings along, or says where to find, are not looked at", async () => {
  const eve = await keyNamed("first");
  let asked = 0;
  const elsewhere = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      asked++;
      return Response.json({ keys: [eve.jwk] });
    },
  });
  const url = `http://127.0.0.1:${elsewhere.port}/jwks.json`;
  for (const header of [{ jwk: eve.jwk }, { jku: url }, { x5u: url }, { x5c: ["AAAA"] }]) {
    const token = await new SignJWT({ sub: "eve", client_id: CLIENT, "cognito:groups": ["operator"], iss: issuer })
      .setProtectedHeader({ alg: "RS256", kid: "first", ...header })
      .setExpirationTime(START_MS / 1000 + 60)
      .sign(eve.privateKey);
    expect(await verifierOf().verify(token)).toMatchObject({ ok: false, reason: "invalid" });
  }
  expect(asked).toBe(0);
  await elsewhere.stop(true);
});

test("keys are fetched once, and a made-up key id does not fetch them again", async () => {
  const verifier = verifierOf();
  for (let n = 0; n < 3; n++) expect((await verifier.verify(await accessToken())).ok).toBe(true);
  for (const kid of ["made", "up"])
    expect(await verifier.verify(await accessToken({}, { ...first, kid }))).toMatchObject({ reason: "invalid" });
  expect(fetches).toBe(1);
});

/** Asks the issuer again at once, where others wait half a minute of the system's time. */
const eager = () => {
  const [trusted] = oidcIssuers(settings, clock);
  if (!trusted) throw new Error("there is an issuer");
  const keys = remoteKeys(new URL(`${issuer}/.well-known/jwks.json`), clock, { cooldownMs: 0, pauseMs: 0 });
  return createTokenVerifier({ issuers: [{ ...trusted, keys }], clock, scheduler: systemScheduler });
};

test("a new key is found as soon as a token is signed with it, and a withdrawn one ends within twenty minutes", async () => {
  const verifier = eager();
  expect((await verifier.verify(await accessToken())).ok).toBe(true);
  published = [second.jwk, first.jwk];
  expect((await verifier.verify(await accessToken({}, second))).ok).toBe(true);
  published = [second.jwk];
  nowMs += 20 * MINUTE_MS;
  expect(await verifier.verify(await accessToken())).toMatchObject({ ok: false, reason: "invalid" });
  expect((await verifier.verify(await accessToken({}, second))).ok).toBe(true);
});

test("a clock that is set back leaves no withdrawn key good for longer", async () => {
  const keys = remoteKeys(new URL(`${issuer}/.well-known/jwks.json`), clock);
  const header = { alg: "RS256", kid: "first" };
  const token = { payload: "", signature: "" };
  await keys(header, token);
  nowMs -= 60 * MINUTE_MS;
  published = [second.jwk];
  await keys(header, token);
  await until("the withdrawn key is good no more", async () => {
    const error = await Promise.resolve(keys(header, token)).catch((thrown: unknown) => thrown);
    return error instanceof Error;
  });
});

test("nobody whose key is known waits while the keys are asked for again", async () => {
  const verifier = verifierOf();
  expect((await verifier.verify(await accessToken())).ok).toBe(true);
  const { promise, resolve } = Promise.withResolvers<void>();
  isSlow = promise;
  published = [second.jwk];
  nowMs += 10 * MINUTE_MS;
  expect((await verifier.verify(await accessToken())).ok).toBe(true);
  resolve();
  await until("the withdrawn key is known as such", async () => !(await verifier.verify(await accessToken())).ok);
  expect(fetches).toBe(2);
});

test("while the issuer is down made-up key ids ask it once a second", async () => {
  const verifier = verifierOf();
  isDown = true;
  for (const kid of ["made", "up", "once more"])
    expect(await verifier.verify(await accessToken({}, { ...first, kid }))).toMatchObject({ reason: "unavailable" });
  expect(fetches).toBe(1);
  nowMs += 1_000;
  for (const kid of ["made", "up"])
    expect(await verifier.verify(await accessToken({}, { ...first, kid }))).toMatchObject({ reason: "unavailable" });
  expect(fetches).toBe(2);
});

test("while the issuer is down a known key is good, and a token of an unknown one is a 503 that says when to try again", async () => {
  const verifier = eager();
  expect((await verifier.verify(await accessToken())).ok).toBe(true);
  isDown = true;
  for (let hour = 0; hour < 3; hour++) {
    nowMs += 60 * MINUTE_MS;
    expect((await verifier.verify(await accessToken())).ok).toBe(true);
  }
  const token = await accessToken({}, second);
  const request = new Request("http://shop.test/", { headers: { authorization: `Bearer ${token}` } });
  const refusal = await Promise.resolve(bearer(request, verifier)).catch((error: unknown) => error);
  if (!(refusal instanceof ProblemError)) throw new Error("it must be refused");
  expect([refusal.problem.status, refusal.headers["retry-after"]]).toEqual([503, "2"]);
  isDown = false;
  published = [first.jwk, second.jwk];
  expect((await verifier.verify(token)).ok).toBe(true);
});

test("an issuer that was never there leaves nobody to be believed, and nobody refused for good", async () => {
  isDown = true;
  const verifier = verifierOf();
  const token = await accessToken();
  expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: "unavailable" });
  isDown = false;
  nowMs += 2_000;
  expect((await verifier.verify(token)).ok).toBe(true);
});
