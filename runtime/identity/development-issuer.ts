/**
 * The built-in issuer of local development: an ES256 key in the data directory signs tokens, its public half verifies
 * them (ES256 is the cheapest to verify through WebCrypto).
 *
 * Guarantees: whoever comes first creates the key, server or `token` command, also at the same time, and all see the
 * same one: the key is written whole to a private file and then linked to its name, which fails where the name exists.
 * It survives kill -9 at any moment and is never replaced by the product. Mode 0600, in a directory of mode 0700.
 * It must never be trusted outside development.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import type { Clock } from "../clock.ts";
import type { Role } from "./principal.ts";
import { principalByClaims } from "./principal-claims.ts";
import { principalByCallers, SERVICE_SUBJECT, type ServicePrincipal } from "./service-principal.ts";
import { localKeys, type TrustedIssuer } from "./token-verifier.ts";

export const DEVELOPMENT_ISSUER = "urn:genai-demo:development";
export const DEVELOPMENT_AUDIENCE = "genai-demo";
/** Apart from people's, so that no token of theirs opens an internal port, and no service's the public one. */
const SERVICE_AUDIENCE = "genai-demo-internal";

const DEVELOPMENT_CLAIMS = { role: "role", roleWithout: null, scope: "scope", scopePrefix: "" };

/** A fault of the data directory, in one line that says what to do. */
export class IssuerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "IssuerError";
  }
}

export interface DevelopmentIssuer {
  /** What `createTokenVerifier` needs to accept this issuer's tokens. */
  readonly trusted: TrustedIssuer;
  /** The content of `/.well-known/jwks.json`: public keys only. */
  readonly jwks: JSONWebKeySet;
  issue(request: TokenRequest): Promise<string>;
  /** What accepts the tokens that processes of this machine show each other. */
  readonly trustedServices: TrustedIssuer<ServicePrincipal>;
  issueService(request: ServiceTokenRequest): Promise<string>;
}

export interface TokenRequest {
  readonly role: Role;
  readonly sub: string;
  /** Negative: well signed but expired. */
  readonly ttlSeconds: number;
  /** Left out: `*` for an operator, none for a customer. */
  readonly scopes?: readonly string[];
}

export interface ServiceTokenRequest {
  /** Whom the process speaks for. */
  readonly callers: readonly string[];
  readonly ttlSeconds: number;
}

/** Opens the issuer of a data directory; creates directory and key where there are none. */
export async function openDevelopmentIssuer(dataDir: string, clock: Clock): Promise<DevelopmentIssuer> {
  return issuerOf(await keyOf(dataDir), clock);
}

/** The issuer of a data directory; null where there is no key. Creates nothing. */
export async function findDevelopmentIssuer(dataDir: string, clock: Clock): Promise<DevelopmentIssuer | null> {
  const key = readKey(dataDir);
  return key === undefined ? null : issuerOf(key, clock);
}

async function issuerOf(key: JWK, clock: Clock): Promise<DevelopmentIssuer> {
  const { d: _private, ...publicKey } = key;
  const jwks: JSONWebKeySet = { keys: [publicKey] };
  const signingKey = await importJWK(key, "ES256");
  const trusted = {
    issuer: DEVELOPMENT_ISSUER,
    algorithms: ["ES256"],
    keys: localKeys(jwks),
    clockToleranceSeconds: 0,
  } as const;
  const sign = (claims: JWTPayload, { aud, sub, ttlSeconds }: { aud: string; sub: string; ttlSeconds: number }) => {
    const nowSeconds = Math.floor(clock.now() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", typ: "JWT", ...(key.kid ? { kid: key.kid } : {}) })
      .setIssuer(DEVELOPMENT_ISSUER)
      .setAudience(aud)
      .setSubject(sub)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + ttlSeconds)
      .sign(signingKey);
  };
  return {
    jwks,
    trusted: { ...trusted, audience: DEVELOPMENT_AUDIENCE, principalOf: principalByClaims(DEVELOPMENT_CLAIMS) },
    issue({ role, sub, ttlSeconds, scopes = role === "operator" ? ["*"] : [] }) {
      const claims = { role, ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}) };
      return sign(claims, { aud: DEVELOPMENT_AUDIENCE, sub, ttlSeconds });
    },
    trustedServices: { ...trusted, audience: SERVICE_AUDIENCE, principalOf: principalByCallers },
    issueService: ({ callers, ttlSeconds }) =>
      sign({ callers: [...callers] }, { aud: SERVICE_AUDIENCE, sub: SERVICE_SUBJECT, ttlSeconds }),
  };
}

/** One token of the issuer of `dataDir`. */
export async function issueToken(request: TokenRequest & { dataDir: string; clock: Clock }): Promise<string> {
  const issuer = await openDevelopmentIssuer(request.dataDir, request.clock);
  return issuer.issue(request);
}

const directoryOf = (dataDir: string) => join(dataDir, "identity");
const keyFileOf = (dataDir: string) => join(directoryOf(dataDir), "development-key.json");

async function keyOf(dataDir: string): Promise<JWK> {
  const found = readKey(dataDir);
  if (found) return found;
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  createKey(dataDir, JSON.stringify({ ...jwk, kid, alg: "ES256", use: "sig" }));
  const created = readKey(dataDir);
  if (!created) throw new IssuerError(`${keyFileOf(dataDir)} vanished right after it was written: try again.`);
  return created;
}

function readKey(dataDir: string): JWK | undefined {
  const file = keyFileOf(dataDir);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new IssuerError(
      `cannot read the signing key ${file} (${codeOf(error)}): run as its owner, or name another directory with --data.`,
      {
        cause: error,
      },
    );
  }
  const key = parsedKey(text);
  if (key) return key;
  throw new IssuerError(
    `${file} holds no ES256 signing key: remove it to have a new one made (tokens printed before end with it).`,
  );
}

function parsedKey(text: string): JWK | undefined {
  try {
    const key: unknown = JSON.parse(text);
    if (typeof key !== "object" || key === null) return undefined;
    const { kty, crv, x, y, d, kid }: { [name: string]: unknown } = { ...key };
    if (kty !== "EC" || crv !== "P-256") return undefined;
    if (typeof x !== "string" || typeof y !== "string" || typeof d !== "string" || typeof kid !== "string")
      return undefined;
    return { kty, crv, x, y, d, kid, alg: "ES256", use: "sig" };
  } catch {
    return undefined;
  }
}

function createKey(dataDir: string, text: string): void {
  const directory = directoryOf(dataDir);
  let draft: string | undefined;
  try {
    mkdirSync(dataDir, { recursive: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    draft = mkdtempSync(join(directory, "new-"));
    const file = join(draft, "key.json");
    writeDurably(file, text);
    linkSync(file, keyFileOf(dataDir));
    syncDirectory(directory);
  } catch (error) {
    // Another process was first: its key is as good.
    if (codeOf(error) === "EEXIST" && draft !== undefined) return;
    throw new IssuerError(
      `cannot write to the data directory ${dataDir} (${codeOf(error)}): name a writable one with --data.`,
      {
        cause: error,
      },
    );
  } finally {
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true });
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, "wx", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);
