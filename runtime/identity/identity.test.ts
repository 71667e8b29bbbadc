import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { systemScheduler } from "../scheduler.ts";
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, issueToken, openDevelopmentIssuer } from "./development-issuer.ts";
import { hasScope } from "./principal.ts";
import { remoteKeys } from "./remote-keys.ts";
import { createTokenVerifier, type TrustedIssuer } from "./token-verifier.ts";

const root = mkdtempSync(join(tmpdir(), "identity-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let nowMs = 1_800_000_000_000;
const clock = { now: () => nowMs };
const verifierOf = (trusted: TrustedIssuer, scheduler = systemScheduler) =>
  createTokenVerifier({ issuers: [trusted], clock, scheduler });

test("whoever comes first makes the one key, also at the same time", async () => {
  const dataDir = join(root, "deep", "data");
  const tokens = await Promise.all(
    Array.from({ length: 8 }, (_, n) => issueToken({ dataDir, clock, role: "customer", sub: `s${n}`, ttlSeconds: 60 })),
  );
  const { trusted, jwks } = await openDevelopmentIssuer(dataDir, clock);
  for (const token of tokens) expect((await verifierOf(trusted).verify(token)).ok).toBe(true);
  expect(JSON.stringify(jwks)).not.toContain('"d"');
  expect(readdirSync(join(dataDir, "identity"))).toEqual(["development-key.json"]);
  expect(statSync(join(dataDir, "identity", "development-key.json")).mode & 0o777).toBe(0o600);
});

test("processes that race for the key agree", async () => {
  const dataDir = join(root, "race");
  const command = [
    process.execPath,
    "-e",
    `import { run } from ${JSON.stringify(join(import.meta.dir, "../cli/token.ts"))}; process.exit(await run(["--role","operator","--data",${JSON.stringify(dataDir)}]))`,
  ];
  const children = Array.from({ length: 4 }, () => Bun.spawn(command, { stdout: "pipe" }));
  const printed = await Promise.all(children.map((child) => new Response(child.stdout).text()));
  const { trusted } = await openDevelopmentIssuer(dataDir, clock);
  for (const token of printed) {
    const verification = await createTokenVerifier({
      issuers: [trusted],
      clock: { now: () => Date.now() },
      scheduler: systemScheduler,
    }).verify(token.trim());
    expect(verification.ok && hasScope(verification.principal, "pricing:write")).toBe(true);
  }
});

test("the cache answers at once and ends with the token", async () => {
  const { trusted, issue } = await openDevelopmentIssuer(join(root, "cache"), clock);
  let checks = 0;
  const counting = {
    ...systemScheduler,
    external: <T>(_label: string, work: () => Promise<T>) => {
      checks++;
      return work();
    },
  };
  const verifier = verifierOf(trusted, counting);
  const token = await issue({ role: "customer", sub: "alice", ttlSeconds: 60 });
  expect(await verifier.verify(token)).toMatchObject({
    ok: true,
    principal: { subject: "alice", role: "customer", scopes: [] },
  });
  expect(verifier.verify(token)).not.toBeInstanceOf(Promise);
  expect(checks).toBe(1);
  nowMs += 60_000;
  expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: "expired" });
  const expired = await issue({ role: "customer", sub: "a", ttlSeconds: -1 });
  expect(await verifier.verify(expired)).toMatchObject({ ok: false, reason: "expired" });
});

test("forged tokens are refused", async () => {
  const { trusted } = await openDevelopmentIssuer(join(root, "forged"), clock);
  const verifier = verifierOf(trusted);
  const own = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(own.publicKey);
  const forge = (header: object) =>
    new SignJWT({ role: "operator", scope: "*" })
      .setProtectedHeader({ alg: "ES256", ...header })
      .setIssuer(DEVELOPMENT_ISSUER)
      .setAudience(DEVELOPMENT_AUDIENCE)
      .setSubject("eve")
      .setExpirationTime(Math.floor(nowMs / 1000) + 60)
      .sign(own.privateKey);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part({ iss: DEVELOPMENT_ISSUER, aud: DEVELOPMENT_AUDIENCE, sub: "eve", role: "operator", exp: 9e9 });
  const tokens = [
    await forge({}),
    await forge({ jwk }),
    await forge({ jku: "http://127.0.0.1:1/" }),
    `${part({ alg: "none" })}.${claims}.`,
    "a.b.c",
    "",
    "x".repeat(9000),
  ];
  for (const token of tokens) expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: "invalid" });
});

test("another audience is refused, keys out of reach are no refusal", async () => {
  const { trusted, issue } = await openDevelopmentIssuer(join(root, "aud"), clock);
  const token = await issue({ role: "customer", sub: "a", ttlSeconds: 60 });
  expect(await verifierOf({ ...trusted, audience: "other" }).verify(token)).toMatchObject({ reason: "invalid" });
  const away = { ...trusted, keys: remoteKeys(new URL("http://127.0.0.1:9/jwks.json"), clock) };
  expect(await verifierOf(away).verify(token)).toMatchObject({ reason: "unavailable" });
});

test("faults of the data directory say what to do", async () => {
  writeFileSync(join(root, "file"), "");
  expect(openDevelopmentIssuer(join(root, "file"), clock)).rejects.toThrow(/--data/);
});
