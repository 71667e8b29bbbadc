import { CryptoHasher } from "bun";
import type { Principal } from "../identity/principal.ts";
import { ProblemError } from "./problem.ts";
import type { Idempotency, IdempotencyClaim } from "./route.ts";
import { invalid } from "./validation.ts";

const FIELD = "header.Idempotency-Key";

/** The key of a request as sent, or null; 400 where it is missing though required, or not 1 to 255 visible ASCII. */
export function idempotencyKey(request: Request, wanted: Idempotency | undefined): string | null {
  if (wanted === undefined) return null;
  const key = request.headers.get("idempotency-key");
  if (key === null) {
    if (wanted === "accepted") return null;
    throw refuse(
      "is required: make one for each new request, such as a UUID, and send the same one when you repeat it",
    );
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw refuse("must be 1 to 255 visible ASCII characters without spaces");
  return key;
}

const refuse = (message: string) => new ProblemError(invalid([{ field: FIELD, message }]));

/** What a key stands for: this caller, method, path and key, and nobody else's. */
export function idempotencyClaim(
  principal: Principal | null,
  method: string,
  path: string,
  key: string,
  rawBody: Uint8Array,
): IdempotencyClaim {
  return { scope: idempotencyScope(principal, method, path, key), bodyHash: bodyHash(rawBody) };
}

/** A stable UUID (version 8) for caller + method + path + key. */
export function idempotencyScope(principal: Principal | null, method: string, path: string, key: string): string {
  // JSON keeps the parts apart whatever they contain.
  const caller = principal === null ? null : [principal.issuer, principal.role, principal.subject];
  return uuidOf(JSON.stringify([caller, method, path, key]));
}

/** A stable UUID (version 8) for the bytes of a body. */
export function bodyHash(rawBody: Uint8Array): string {
  return uuidOf(rawBody);
}

/** The first 122 free bits of SHA-256 as a UUID of version 8 (RFC 9562). */
function uuidOf(content: string | Uint8Array): string {
  const hex = new CryptoHasher("sha256").update(content).digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
