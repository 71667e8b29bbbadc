import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, SignJWT } from "jose";
import { systemScheduler } from "../scheduler.ts";
import { openDevelopmentIssuer } from "./development-issuer.ts";
import { issuedTokens, tokensFromFile } from "./service-tokens.ts";
import { createTokenVerifier } from "./token-verifier.ts";

const root = mkdtempSync(join(tmpdir(), "service-tokens-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const MINUTE = 60_000;
const scheduler = systemScheduler;

function timeFrom(startMs = 1_800_000_000_000) {
  let nowMs = startMs;
  return {
    clock: { now: () => nowMs },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("two processes of one machine know each other by the key in its data directory", async () => {
  const { clock } = timeFrom();
  const dataDir = join(root, "shared");
  const caller = await openDevelopmentIssuer(dataDir, clock);
  const callee = await openDevelopmentIssuer(dataDir, clock);
  const token = await issuedTokens(caller, ["order", "edge"], clock).current();
  const verifier = createTokenVerifier({ issuers: [callee.trustedServices], clock, scheduler });
  expect(await verifier.verify(token)).toMatchObject({ ok: true, principal: { callers: ["order", "edge"] } });
  const stranger = await openDevelopmentIssuer(join(root, "other"), clock);
  const theirs = await issuedTokens(stranger, ["order"], clock).current();
  expect(await verifier.verify(theirs)).toMatchObject({ ok: false, reason: "invalid" });
});

test("an issued token is kept, and renewed before it ends", async () => {
  const { clock, pass } = timeFrom();
  const issuer = await openDevelopmentIssuer(join(root, "renewed"), clock);
  const verifier = createTokenVerifier({ issuers: [issuer.trustedServices], clock, scheduler });
  const tokens = issuedTokens(issuer, ["order"], clock);
  const first = await tokens.current();
  for (let minute = 0; minute < 30; minute++) {
    expect((await verifier.verify(await tokens.current())).ok).toBe(true);
    pass(MINUTE);
  }
  expect(await verifier.verify(first)).toMatchObject({ ok: false, reason: "expired" });
});

test("who asks while one is being signed gets the same, and a failure is not kept", async () => {
  const { clock } = timeFrom();
  let signed = 0;
  let broken = true;
  const tokens = issuedTokens(
    {
      async issueService() {
        if (broken) throw new Error("planted");
        return `token ${++signed}`;
      },
    },
    ["order"],
    clock,
  );
  await expect(tokens.current()).rejects.toThrow("planted");
  broken = false;
  expect(await Promise.all([tokens.current(), tokens.current()])).toEqual(["token 1", "token 1"]);
});

test("nobody's token is good for the other purpose", async () => {
  const { clock } = timeFrom();
  const { trusted, trustedServices, issue, issueService } = await openDevelopmentIssuer(join(root, "apart"), clock);
  const people = createTokenVerifier({ issuers: [trusted], clock, scheduler });
  const services = createTokenVerifier({ issuers: [trustedServices], clock, scheduler });
  const operator = await issue({ role: "operator", sub: "service", ttlSeconds: 60 });
  const service = await issueService({ callers: ["order"], ttlSeconds: 60 });
  expect((await people.verify(operator)).ok && (await services.verify(service)).ok).toBe(true);
  expect(await services.verify(operator)).toMatchObject({ ok: false, reason: "invalid" });
  expect(await people.verify(service)).toMatchObject({ ok: false, reason: "invalid" });
  // Not even where both have the same audience.
  const careless = { ...trustedServices, audience: trusted.audience };
  const fooled = createTokenVerifier({ issuers: [careless], clock, scheduler });
  expect(await fooled.verify(operator)).toMatchObject({ ok: false, reason: "invalid" });
});

const signed = (endsMs: number, name: string) =>
  new SignJWT({ name })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(endsMs / 1000)
    .sign(Buffer.alloc(32));

test("a token in a file is read again every minute, and before it ends", async () => {
  const { clock, pass } = timeFrom();
  const path = join(root, "token");
  const put = async (endsInMs: number, name: string) => {
    writeFileSync(`${path}.new`, `${await signed(clock.now() + endsInMs, name)}\n`);
    renameSync(`${path}.new`, path);
  };
  const tokens = tokensFromFile(path, clock, scheduler);
  const shown = async () => decodeJwt(await tokens.current())["name"];
  await put(60 * MINUTE, "first");
  expect(await shown()).toBe("first");
  await put(60 * MINUTE, "second");
  pass(MINUTE - 1);
  expect(await shown()).toBe("first");
  pass(1);
  expect(await shown()).toBe("second");
  await put(30_000, "short");
  pass(MINUTE);
  await put(60 * MINUTE, "third");
  pass(20_000);
  expect(await shown()).toBe("third");
});

test("without a token in the file it says what to check, and looks again", async () => {
  const { clock } = timeFrom();
  const path = join(root, "missing");
  const tokens = tokensFromFile(path, clock, scheduler);
  await expect(tokens.current()).rejects.toThrow(/cannot read the service token .*missing .*SERVICE_TOKEN_FILE/);
  writeFileSync(path, "not a token");
  await expect(tokens.current()).rejects.toThrow("holds no token that ends");
  writeFileSync(path, await signed(clock.now() - 1000, "old"));
  await expect(tokens.current()).rejects.toThrow(/ended at 20.*: whoever writes that file has stopped/);
  writeFileSync(path, await signed(clock.now() + MINUTE, "good"));
  expect(decodeJwt(await tokens.current())["name"]).toBe("good");
});
