/** Everybody who may come by: with tokens that are believed, and with every kind that must not be. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair, importJWK, type JWTHeaderParameters, SignJWT } from "jose";
import { systemClock } from "../../runtime/clock.ts";
import {
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  issueToken,
  openDevelopmentIssuer,
} from "../../runtime/identity/development-issuer.ts";
import type { Role } from "../../runtime/identity/principal.ts";

export interface Caller {
  readonly name: string;
  /** The header's value; null: it is not sent. */
  readonly authorization: string | null;
  /** What a platform that does not fail takes them for. */
  readonly role: Role | "nobody";
  readonly subject: string;
  readonly scopes: readonly string[];
}

export const OWNER = "the-owner";
const STRANGER = "a-stranger";
const OPERATOR = "an-operator";
const HOUR_SECONDS = 3600;

export interface Callers {
  /** All who may come by a route that asks operators for `scope`; `scopes` are all that there are. */
  forScope(scope: string | undefined, scopes: readonly string[]): Promise<readonly Caller[]>;
}

/** Callers of a platform whose development issuer has its key in `dataDir`. */
export async function openCallers(dataDir: string): Promise<Callers> {
  const untrusted = await untrustedCallers(dataDir);
  const known = new Map<string, Promise<Caller>>();
  const trusted = (name: string, role: Role, subject: string, scopes: readonly string[] = []) => {
    const key = JSON.stringify([role, subject, scopes]);
    const caller = known.get(key) ?? signedCaller(dataDir, { name, role, subject, scopes });
    known.set(key, caller);
    return caller;
  };
  return {
    async forScope(scope, scopes) {
      const others = scopes.filter((each) => each !== scope);
      const withScope =
        scope === undefined ? [] : [trusted(`an operator with ${scope}`, "operator", OPERATOR, [scope])];
      return [
        ...untrusted,
        ...(await Promise.all([
          trusted("the owner", "customer", OWNER),
          trusted("another customer", "customer", STRANGER),
          trusted("another customer with all scopes", "customer", STRANGER, ["*", ...scopes]),
          trusted("an operator with all scopes", "operator", OPERATOR, ["*"]),
          ...withScope,
          trusted(`an operator with all scopes but ${scope}`, "operator", OPERATOR, others),
          trusted("an operator without scopes", "operator", OPERATOR),
          // What they are called opens nothing.
          trusted("an operator called like the owner", "operator", OWNER),
        ])),
      ];
    },
  };
}

async function signedCaller(dataDir: string, caller: Omit<Caller, "authorization"> & { role: Role }): Promise<Caller> {
  const { role, subject: sub, scopes } = caller;
  const token = await issueToken({ dataDir, role, sub, scopes, ttlSeconds: HOUR_SECONDS, clock: systemClock });
  return { ...caller, authorization: `Bearer ${token}` };
}

/** Each says that it is an operator with all scopes, or the owner, and none is to be believed. */
async function untrustedCallers(dataDir: string): Promise<readonly Caller[]> {
  const issuer = await openDevelopmentIssuer(dataDir, systemClock);
  const jwk: unknown = JSON.parse(await readFile(join(dataDir, "identity", "development-key.json"), "utf8"));
  // The issuer has written it; `importJWK` refuses what is no key.
  const key = await importJWK(jwk as Parameters<typeof importJWK>[0], "ES256");
  const foreign = await generateKeyPair("ES256", { extractable: true });
  const kid = issuer.jwks.keys[0]?.kid ?? "";
  const sign = (by: typeof key, { header = {}, iss = DEVELOPMENT_ISSUER, aud = DEVELOPMENT_AUDIENCE }: Forgery) =>
    new SignJWT({ role: "operator", scope: "*" })
      .setProtectedHeader({ alg: "ES256", kid, ...header })
      .setIssuer(iss)
      .setAudience(aud)
      .setSubject(OPERATOR)
      .setExpirationTime(Math.floor(systemClock.now() / 1000) + HOUR_SECONDS)
      .sign(by);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: DEVELOPMENT_ISSUER, aud: DEVELOPMENT_AUDIENCE, sub: OWNER, role: "customer", exp: 9e9 };
  const tokens: Readonly<Record<string, string>> = {
    "garbage for a token": "garbage",
    "an expired token": await issuer.issue({ role: "operator", sub: OPERATOR, ttlSeconds: -60 }),
    "a token with another audience": await sign(key, { aud: "another" }),
    "a token of another issuer": await sign(key, { iss: "https://issuer.example" }),
    "a token that another key has signed": await sign(foreign.privateKey, {}),
    "a token that brings its key along": await sign(foreign.privateKey, {
      header: { jwk: await exportJWK(foreign.publicKey) },
    }),
    "an unsigned token": `${part({ alg: "none" })}.${part(claims)}.`,
    "a service token": await issuer.issueService({ callers: ["order", "edge"], ttlSeconds: HOUR_SECONDS }),
  };
  const headers: readonly (readonly [string, string | null])[] = [
    ["no token", null],
    ["a password", `Basic ${Buffer.from("owner:secret").toString("base64")}`],
    ...Object.entries(tokens).map(([name, token]) => [name, `Bearer ${token}`] as const),
  ];
  return headers.map(([name, authorization]) => ({ name, authorization, role: "nobody", subject: "", scopes: [] }));
}

interface Forgery {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly iss?: string;
  readonly aud?: string;
}
