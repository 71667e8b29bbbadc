/** The platform that is fuzzed: one of our own on an embedded PostgreSQL, or one that somebody names. */
import * as z from "zod";
import { UsageError } from "../../runtime/cli/arguments.ts";
import { systemClock } from "../../runtime/clock.ts";
import { issueToken } from "../../runtime/identity/development-issuer.ts";
import { startTestPlatform } from "../journeys/platform.ts";
import type { Tokens } from "./caller.ts";

export interface Arena {
  readonly url: string;
  /** An operator's with every scope, and a customer's; null where none was given. */
  readonly operatorToken: string | null;
  readonly customerToken: string | null;
  readonly tokensOf: (walker: number) => Promise<Tokens>;
  readonly webhookSecret: string | null;
  stop(): Promise<void>;
}

const WEBHOOK_SECRET = "signs-the-events-of-walkers";

/** Short waits, so that what the walks begin ends while they last; long enough for an answer in time. */
const SETTINGS = {
  PAYMENT_ANSWER_TIMEOUT_MS: "1500",
  PAYMENT_RETRY_FOR_MS: "2000",
  CUSTOMER_ACTION_TIMEOUT_MS: "4000",
  RETURN_WINDOW_MS: "6000",
  CARRIER_RETURN_MS: "200",
  PAYMENT_WEBHOOK_SECRETS: WEBHOOK_SECRET,
  DELIVERY_WEBHOOK_SECRETS: WEBHOOK_SECRET,
};

const TTL_SECONDS = 24 * 3600;
const GARBAGE = "e30.e30.garbage";

/** Starts a platform with demo data. */
export async function startArena(): Promise<Arena> {
  const platform = await startTestPlatform(SETTINGS);
  const { dataDir } = platform;
  const token = (role: "customer" | "operator", sub: string, ttlSeconds = TTL_SECONDS) =>
    issueToken({ dataDir, role, sub, ttlSeconds, clock: systemClock });
  return {
    url: platform.process.url,
    operatorToken: await token("operator", "fuzz"),
    customerToken: await token("customer", "fuzz"),
    tokensOf: async (walker) => ({
      customer: await token("customer", `walker-${walker}`),
      stranger: await token("customer", `stranger-${walker}`),
      operator: await token("operator", `operator-${walker}`),
      expired: await token("customer", `walker-${walker}`, -60),
      garbage: GARBAGE,
    }),
    webhookSecret: WEBHOOK_SECRET,
    stop: () => platform.stop(),
  };
}

const claimsSchema = z.looseObject({ role: z.unknown() });

/** A platform that somebody else runs. Its webhook secrets are not known, and there are no tokens but the given ones. */
export function givenArena(url: string, given: readonly string[]): Arena {
  const ofRole = (role: string) => given.find((token) => [roleOf(token)].flat().includes(role)) ?? null;
  const operatorToken = ofRole("operator");
  const customerToken = ofRole("customer");
  if (operatorToken === null && customerToken === null)
    throw new UsageError("fuzz: --token must be a token whose claim `role` is operator or customer");
  const tokens = {
    customer: customerToken ?? GARBAGE,
    stranger: GARBAGE,
    operator: operatorToken ?? GARBAGE,
    expired: GARBAGE,
    garbage: GARBAGE,
  };
  return {
    url: url.replace(/\/+$/, ""),
    operatorToken,
    customerToken,
    tokensOf: async () => tokens,
    webhookSecret: null,
    stop: async () => undefined,
  };
}

/** What a token says of itself; the platform does not take its word for it. */
function roleOf(token: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return claimsSchema.safeParse(claims).data?.role;
  } catch {
    return undefined;
  }
}
