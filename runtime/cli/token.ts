import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { issueToken } from "../identity/development-issuer.ts";
import { flagsOf, UsageError } from "./arguments.ts";

export const help = `token --role operator|customer [--sub S] [--ttl=SECONDS] [--scope S]... [--data DIR]

Prints a bearer token of the development issuer on the last line.

  --role    operator or customer
  --sub     the caller's name, which owns orders (default: the role's name)
  --ttl     seconds until it expires (default: 86400); negative makes one that has expired: --ttl=-60
  --scope   <module>:<action>, <module>:* or * for an operator (default: *); may be repeated
  --data    the data directory of the server that shall accept it (default: DATA_DIR or .data)

Example: bun run --silent token --role customer --sub alice

  curl -H "Authorization: Bearer $(bun run --silent token --role operator --ttl=3600)" localhost:8080/api/v1/orders`;

export const flags = { role: "string", sub: "string", ttl: "string", scope: "strings", data: "string" } as const;

/** The command `token`; its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { role, ttl = "86400", scope, sub: given, data } = flagsOf(args, flags);
  if (role !== "operator" && role !== "customer") throw fault("--role must be operator or customer");
  const sub = given ?? role;
  if (!/^[\x21-\x7e]{1,255}$/.test(sub)) throw fault("--sub must be 1 to 255 visible ASCII characters");
  if (!/^-?\d{1,9}$/.test(ttl)) throw fault("--ttl must be a whole number of seconds, such as --ttl=3600 or --ttl=-60");
  const scopes = scope?.flatMap((each) => each.split(/[\s,]+/)).filter(Boolean);
  if (scopes?.some((each) => !/^(\*|[a-z][a-z-]{0,49}:(\*|[a-z][a-z-]{0,49}))$/.test(each)))
    throw fault("--scope must be <module>:<action> such as pricing:write, <module>:* or *");
  if (scopes && role === "customer") throw fault("--scope is for operators; a customer owns what carries its name");
  const token = await issueToken({
    dataDir: data || process.env["DATA_DIR"] || join(process.cwd(), ".data"),
    role,
    sub,
    ttlSeconds: Number(ttl),
    ...(scopes ? { scopes } : {}),
    clock: systemClock,
  });
  process.stdout.write(`${token}\n`);
  return 0;
}

const fault = (message: string) => new UsageError(`token: ${message} (see token --help)`);
