import { type Secret, secret } from "../secret.ts";

/** Turns the text of a setting into its value; null where the text does not fit. `wants` completes "must be …". */
export interface Parser<T> {
  readonly wants: string;
  /** All that it takes, where that is a few words. */
  readonly words?: readonly string[];
  parse(text: string): T | null;
  /** Writes a value as the setting takes it; left out for texts, numbers and lists of them. */
  show?(value: T): string;
}

/** A whole number in a range, both ends included. */
export function integer(min: number, max: number): Parser<number> {
  return {
    wants: `a whole number from ${min} to ${max}`,
    parse: (text) => {
      if (!/^-?\d{1,15}$/.test(text)) return null;
      const value = Number(text);
      return value >= min && value <= max ? value : null;
    },
  };
}

/** A TCP port; 0 lets the system choose. */
export const port: Parser<number> = { ...integer(0, 65535), wants: "a port from 0 to 65535 (0: any free one)" };

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time in milliseconds: `1500`, `30s`, `5m`, `24h`, `14d`. */
export function durationMs(minMs: number, maxMs: number): Parser<number> {
  return {
    wants: `a time from ${minMs} ms to ${maxMs} ms, such as 1500, 30s, 5m, 24h or 14d`,
    parse: (text) => {
      const match = /^(\d{1,13})(ms|s|m|h|d)?$/.exec(text);
      if (!match) return null;
      const value = Number(match[1]) * (UNITS_MS[match[2] ?? "ms"] ?? Number.NaN);
      return value >= minMs && value <= maxMs ? value : null;
    },
  };
}

/** On or off. */
export const boolean: Parser<boolean> = {
  wants: "true or false",
  parse: (text) => {
    if (/^(true|on|yes|1)$/i.test(text)) return true;
    return /^(false|off|no|0)$/i.test(text) ? false : null;
  },
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Parser<T> {
  return { wants: `one of ${words.join(", ")}`, words, parse: (text) => words.find((word) => word === text) ?? null };
}

/** A URL with one of the given schemes, such as `postgres`. */
export function url(...schemes: readonly string[]): Parser<string> {
  return {
    wants: `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    parse: (text) => {
      const scheme = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : "";
      return schemes.includes(scheme) ? text : null;
    },
  };
}

/** What the parser takes, as a value that nobody prints by chance. */
export function secretOf(parser: Parser<string>): Parser<Secret> {
  return {
    wants: parser.wants,
    parse(given) {
      const text = parser.parse(given);
      return text === null ? null : secret(text);
    },
  };
}

/** The URL without its password, and without what may be one among its parameters. */
export function withoutPassword(text: string): string {
  const shown = new URL(text);
  if (shown.password !== "") shown.password = "***";
  for (const name of [...shown.searchParams.keys()])
    if (!SHOWN_PARAMETERS.has(name)) shown.searchParams.set(name, "***");
  return shown.href;
}

/** Two URLs that lead to the same place with another user or password. */
export function sameBesidesLogin(before: string, after: string): boolean {
  if (!URL.canParse(before) || !URL.canParse(after)) return false;
  const [left, right] = [new URL(before), new URL(after)];
  for (const each of [left, right]) {
    each.username = "";
    each.password = "";
  }
  return left.href === right.href;
}

/** Parameters of a database URL that tell where and how, never a secret. */
const SHOWN_PARAMETERS: ReadonlySet<string> = new Set(["host", "port", "user", "sslmode", "sslrootcert"]);

/** A text of 1 to `maxLength` characters without control characters. */
export function text(maxLength = 1000): Parser<string> {
  return {
    wants: `a text of 1 to ${maxLength} characters`,
    parse: (given) => (given.length <= maxLength && !/\p{Cc}/u.test(given) ? given : null),
  };
}

/** `host:port`, one or several, separated by commas. */
export const hostList: Parser<readonly string[]> = {
  wants: "host:port, or several separated by commas",
  parse: (given) => {
    const hosts = given.split(",").map((host) => host.trim());
    const fits = (host: string) => {
      const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(host)?.[1]);
      return port > 0 && port <= 65_535;
    };
    return hosts.every(fits) ? [...new Set(hosts)] : null;
  },
};

/** What may stand before a topic's name. */
export const kafkaName: Parser<string> = {
  wants: "1 to 100 of A-Z a-z 0-9 . _ -",
  parse: (given) => (/^[A-Za-z0-9._-]{1,100}$/.test(given) ? given : null),
};

/** Names from a known list, separated by commas; `all` means every one. In the list's own order, each once. */
export function listOf<T extends string>(what: string, known: readonly T[]): Parser<readonly T[]> {
  return {
    wants: `all, or ${what} separated by commas out of: ${known.join(", ")}`,
    parse: (given) => {
      if (given.trim() === "all") return known;
      const names = given.split(",").map((name) => name.trim());
      if (names.some((name) => !known.some((candidate) => candidate === name))) return null;
      return known.filter((candidate) => names.includes(candidate));
    },
  };
}
