/**
 * Signatures of webhooks. Header `Webhook-Signature: t=SECONDS,v1=HEX`: `t` is when the request was signed, in seconds
 * since the epoch; `v1` is the HMAC-SHA-256 of `SECONDS.BODY` with a secret that sender and receiver share, over the
 * bytes of the body as they were sent. While a secret is changed the sender may add several `v1`, and the receiver may
 * know several secrets; one pair that fits is enough.
 *
 * Guarantees: what passes was sent by somebody who has a secret, unchanged, at most five minutes ago; and an event that
 * was taken once (`eventClaim`) is not taken again for as long as idempotency keys are kept, which is longer than a
 * signature is good for. Anything else is a 400 before the body is looked at. The sender repeats what was not answered
 * with a 2xx, signed anew, under the same event id.
 */
import { timingSafeEqual } from "node:crypto";
import { CryptoHasher } from "bun";
import type { Secret } from "../secret.ts";
import { idempotencyClaim } from "./idempotency.ts";
import { ProblemError, problem } from "./problem.ts";
import type { IdempotencyClaim } from "./route.ts";

export const SIGNATURE_HEADER = "webhook-signature";

/** How old a signature may be, and how far ahead the sender's clock. */
export const SIGNATURE_WINDOW_MS = 5 * 60_000;

/** More than a sender needs for a change of its secret, few enough to be compared. */
const MOST_SIGNATURES = 5;

/** The header's value for a body that is signed at `nowMs`. */
export function signWebhook(secret: Secret, rawBody: Uint8Array, nowMs: number): string {
  const seconds = String(Math.floor(nowMs / 1000));
  return `t=${seconds},v1=${digest(secret, seconds, rawBody).toString("hex")}`;
}

export interface SignedRequest {
  /** The header's value; undefined where there is none. */
  readonly signature: string | undefined;
  /** The body's bytes as they came. */
  readonly rawBody: Uint8Array;
}

/** Lets only pass what was signed with one of the secrets, lately. Throws a 400 `invalid-signature`. */
export function requireSignature(
  { signature, rawBody }: SignedRequest,
  secrets: readonly Secret[],
  nowMs: number,
): void {
  if (signature === undefined) throw refused("Send the header Webhook-Signature: t=SECONDS,v1=HEX.");
  const { seconds, given } = parse(signature);
  const expected = secrets.map((secret) => digest(secret, seconds, rawBody));
  if (!given.some((each) => expected.some((known) => timingSafeEqual(known, each))))
    throw refused("The signature is not of this body and time with a secret that is known here.");
  // Only now is the time worth believing.
  if (Math.abs(nowMs - Number(seconds) * 1000) > SIGNATURE_WINDOW_MS)
    throw refused(`The signature's time is more than ${SIGNATURE_WINDOW_MS / 1000} s away. Sign the event anew.`);
}

/** What stands for an event of a sender: the same one, sent again, changes nothing. */
export const eventClaim = (sender: string, eventId: string): IdempotencyClaim =>
  idempotencyClaim(null, "POST", `webhook of ${sender}`, eventId, new Uint8Array(0));

function digest(secret: Secret, seconds: string, rawBody: Uint8Array): Buffer {
  return new CryptoHasher("sha256", secret.open()).update(`${seconds}.`).update(rawBody).digest();
}

function parse(signature: string): { readonly seconds: string; readonly given: readonly Buffer[] } {
  const pairs = signature.split(",").map((pair) => pair.trim());
  const valuesOf = (prefix: string) =>
    pairs.flatMap((pair) => (pair.startsWith(prefix) ? [pair.slice(prefix.length)] : []));
  const [seconds = "", ...others] = valuesOf("t=");
  const signatures = valuesOf("v1=");
  const isWhole =
    /^\d{1,12}$/.test(seconds) &&
    others.length === 0 &&
    signatures.length > 0 &&
    signatures.length <= MOST_SIGNATURES &&
    signatures.every((each) => /^[0-9a-f]{64}$/.test(each));
  if (!isWhole) throw refused("The header Webhook-Signature must be t=SECONDS,v1=HEX, with 64 hexadecimal digits.");
  return { seconds, given: signatures.map((each) => Buffer.from(each, "hex")) };
}

const refused = (detail: string) => new ProblemError(problem("invalid-signature", detail));
