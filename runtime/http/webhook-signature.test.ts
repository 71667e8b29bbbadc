import { expect, test } from "bun:test";
import { secret } from "../secret.ts";
import { ProblemError } from "./problem.ts";
import { eventClaim, requireSignature, SIGNATURE_WINDOW_MS, signWebhook as sign } from "./webhook-signature.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const body = (text: string) => new TextEncoder().encode(text);
const signWebhook = (text: string, rawBody: Uint8Array, nowMs: number) => sign(secret(text), rawBody, nowMs);
const BODY = body('{"id":"evt_1"}');

/** What a request is answered; null: it passes. */
function verdict(signature: string | undefined, rawBody = BODY, secrets = ["new"], nowMs = NOW): string | null {
  try {
    requireSignature({ signature, rawBody }, secrets.map(secret), nowMs);
    return null;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect([error.problem.status, error.problem.type]).toEqual([400, "/problems/invalid-signature"]);
    return error.problem.detail;
  }
}

test("a body passes that was signed with the secret", () => {
  expect(verdict(signWebhook("new", BODY, NOW))).toBeNull();
  expect(verdict(signWebhook("new", body(""), NOW), body(""))).toBeNull();
  // As anybody would compute it: the format is a promise to providers.
  expect(signWebhook("secret", body("{}"), 1_000)).toBe(
    `t=1,v1=${new Bun.CryptoHasher("sha256", "secret").update("1.{}").digest("hex")}`,
  );
});

test("another secret, another body or another time does not", () => {
  const signature = signWebhook("new", BODY, NOW);
  const wrong = "not of this body and time";
  expect(verdict(signWebhook("stolen", BODY, NOW))).toContain(wrong);
  expect(verdict(signature, body('{"id":"evt_2"}'))).toContain(wrong);
  expect(verdict(signature.replace(/^t=\d+/, `t=${NOW / 1000 + 1}`))).toContain(wrong);
  expect(verdict(signature, BODY, [])).toContain(wrong);
});

test("a signature is good for five minutes, and the sender's clock may be ahead by as much", () => {
  const signature = signWebhook("new", BODY, NOW);
  for (const awayMs of [SIGNATURE_WINDOW_MS, -SIGNATURE_WINDOW_MS])
    expect(verdict(signature, BODY, ["new"], NOW + awayMs)).toBeNull();
  for (const awayMs of [SIGNATURE_WINDOW_MS + 1, -SIGNATURE_WINDOW_MS - 1])
    expect(verdict(signature, BODY, ["new"], NOW + awayMs)).toContain("more than 300 s away");
});

test("while a secret is changed the old one and the new one are good, on either side", () => {
  const [before, after] = [signWebhook("old", BODY, NOW), signWebhook("new", BODY, NOW)];
  for (const signature of [before, after]) expect(verdict(signature, BODY, ["new", "old"])).toBeNull();
  expect(verdict(before, BODY, ["new"])).not.toBeNull();
  const both = `${before},${after.slice(after.indexOf("v1="))}`;
  for (const known of ["old", "new"]) expect(verdict(both, BODY, [known])).toBeNull();
  expect(verdict(both, BODY, ["other"])).not.toBeNull();
});

test.each([
  ["nothing", undefined],
  ["an empty text", ""],
  ["no time", `v1=${"0".repeat(64)}`],
  ["no signature", "t=1"],
  ["a short signature", "t=1,v1=00"],
  ["two times", `t=1,t=2,v1=${"0".repeat(64)}`],
  ["a time that is none", `t=1e9,v1=${"0".repeat(64)}`],
  ["more signatures than anybody needs", `t=1${`,v1=${"0".repeat(64)}`.repeat(6)}`],
])("%s is no signature", (_what, signature) => {
  expect(verdict(signature)).toContain("Webhook-Signature");
});

test("an event is itself again, whatever its body, and nobody else's", () => {
  expect(eventClaim("simulator", "evt_1")).toEqual(eventClaim("simulator", "evt_1"));
  const scopes = [eventClaim("simulator", "evt_1"), eventClaim("simulator", "evt_2"), eventClaim("other", "evt_1")];
  expect(new Set(scopes.map(({ scope }) => scope)).size).toBe(3);
});
