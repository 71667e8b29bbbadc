import { optional, type Settings, setting } from "./load.ts";
import { boolean, integer, type Parser } from "./parsers.ts";

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000 };

interface Rate {
  readonly units: number;
  readonly periodMs: number;
}

/** `20/s` or `600/m`: so many at once, and so many in each period after that. */
export const rate: Parser<Rate> = {
  wants: "a rate such as 20/s or 600/m, at most 1000000",
  parse(given) {
    const [, digits = "", unit = ""] = /^(\d{1,7})\/([sm])$/.exec(given) ?? [];
    const units = Number(digits);
    const periodMs = PERIODS_MS[unit];
    return periodMs !== undefined && units >= 1 && units <= 1_000_000 ? { units, periodMs } : null;
  },
  show: ({ units, periodMs }) => `${units}/${periodMs === 1_000 ? "s" : "m"}`,
};

const limit = (env: string, unitsASecond: number, description: string) =>
  setting({ env, parser: rate, fallback: { units: unitsASecond, periodMs: 1_000 }, live: true, description });

/** Who may ask how often, outside of development. */
export const rateLimitSettings = {
  rateLimits: setting<boolean>({
    env: "RATE_LIMITS",
    parser: boolean,
    // The development issuer is believed on a developer's machine alone.
    fallback: ({ developmentIssuer }) => developmentIssuer === false,
    description: "Requests are limited by the rates below. Default: unless the development issuer is trusted.",
  }),
  rateLimitReads: limit("RATE_LIMIT_READS", 50, "Reads of one principal."),
  rateLimitWrites: limit("RATE_LIMIT_WRITES", 20, "Writes of one principal."),
  rateLimitAddress: limit("RATE_LIMIT_ADDRESS", 500, "Requests from one client address, of whomever."),
  rateLimitUnauthenticated: limit(
    "RATE_LIMIT_UNAUTHENTICATED",
    20,
    "Requests without a valid token that they need, of one address.",
  ),
  rateLimitWebhooks: limit("RATE_LIMIT_WEBHOOKS", 200, "Webhooks from one address."),
  trustedProxies: optional({
    env: "TRUSTED_PROXIES",
    parser: integer(0, 10),
    description:
      "Own proxies in front: each has added one entry to X-Forwarded-For. None 0, load balancer 1, with a CDN 2. serve needs it where requests are limited.",
  }),
} satisfies Settings;
