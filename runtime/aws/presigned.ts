/**
 * Requests that AWS takes as a login: a URL signed by Signature Version 4, good for a quarter of an hour at most, made
 * without asking anybody but for the credentials. RDS, ElastiCache and MSK differ in what is asked and how it is written
 * (iam-tokens.ts).
 */
import type { Clock } from "../clock.ts";
import type { Credentials } from "./credentials.ts";

export interface Asked {
  /** As the signature calls it. */
  readonly service: string;
  readonly region: string;
  /** With the port, where it is a part of what is signed. */
  readonly host: string;
  readonly query: Readonly<Record<string, string>>;
}

export interface Presigned {
  /** Without a scheme: `host/?query`. */
  readonly address: string;
  readonly expiresAtMs: number;
}

/** Signs what is asked; rejects as the credentials do. */
export type Presign = (asked: Asked) => Promise<Presigned>;

/** The longest that any of the three takes. */
const LIFETIME_S = 900;

export async function createPresign(credentials: Credentials, clock: Clock): Promise<Presign> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import("@smithy/signature-v4"),
    import("@smithy/core/checksum"),
  ]);
  return async ({ service, region, host, query }) => {
    const identity = await credentials();
    const nowMs = clock.now();
    // It ends with the credentials that have signed it.
    const leftMs = (identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - nowMs;
    const expiresInS = Math.max(1, Math.min(LIFETIME_S, Math.floor(leftMs / 1000)));
    const signer = new SignatureV4({ service, region, credentials: identity, sha256: Sha256, applyChecksum: false });
    const { hostname, port } = new URL(`https://${host}`);
    const signed = await signer.presign(
      {
        method: "GET",
        protocol: "https:",
        hostname,
        ...(port === "" ? {} : { port: Number(port) }),
        path: "/",
        query: { ...query },
        headers: { host },
      },
      { expiresIn: expiresInS, signingDate: new Date(nowMs) },
    );
    const expiresAtMs = Math.floor(nowMs / 1000 + expiresInS) * 1000;
    return { address: `${host}/?${queryText(signed.query ?? {})}`, expiresAtMs };
  };
}

/** Sorted and escaped as the signature has it. */
export function queryText(query: Readonly<Record<string, string | readonly string[] | null>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${escaped(name)}=${escaped(String(value ?? ""))}`)
    .sort()
    .join("&");
}

const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
