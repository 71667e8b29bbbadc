/** Tokens of many customers, signed by the development issuer of the platform under load. */
import { systemClock } from "../../runtime/clock.ts";
import { openDevelopmentIssuer } from "../../runtime/identity/development-issuer.ts";

const TTL_SECONDS = 24 * 3600;

/** One token for each of `count` customers; the server that runs on `dataDir` accepts them. */
export async function customerTokens(dataDir: string, count: number): Promise<string[]> {
  const issuer = await openDevelopmentIssuer(dataDir, systemClock);
  const tokens: string[] = [];
  for (let n = 1; n <= count; n++) {
    tokens.push(await issuer.issue({ role: "customer", sub: `bench-customer-${n}`, ttlSeconds: TTL_SECONDS }));
  }
  return tokens;
}
