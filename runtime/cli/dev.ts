import { relative } from "node:path";
import type { Module } from "../module.ts";
import { flagsOf } from "./arguments.ts";
import { platformFlags, runPlatform } from "./run-platform.ts";

export const help = `dev: start all six modules with demo data, on a PostgreSQL of their own. No account, nothing to install.

  bun run dev
  bun run dev --port 9090 --data /tmp/demo

  --port N        public port (PORT, 8080)
  --data DIR      where the data is (DATA_DIR, .data); created when absent
  --log-level L   debug, info, warn (default) or error

Ctrl-C stops it; everything that was answered is saved. Exit code 0 after a clean stop, 1 when it could not start.`;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const flags = flagsOf(args, platformFlags);
  // Set in the environment it is left to the configuration, so that a fault names the variable.
  const level = flags["log-level"] ?? (process.env.LOG_LEVEL ? undefined : "warn");
  const code = await runPlatform({
    registry,
    mode: "dev",
    flags: { ...flags, "log-level": level },
    log: (line) => console.error(line),
    ready(url, config) {
      const data = relative(process.cwd(), config.dataDir) || ".";
      const withData = data === ".data" ? "" : ` --data ${shellWord(data)}`;
      console.log(`
  genai-demo is ready: ${url}

  API      ${url}/docs   (${url}/openapi.json)
  Data     ${data}

  Place an order:

    TOKEN=$(npx -y bun@1.4.5 run --silent token --role customer --sub alice${withData})
    curl -s ${url}/api/v1/orders -H "Authorization: Bearer $TOKEN" \\
      -H "Content-Type: application/json" -H "Idempotency-Key: $(date +%s%N)" -H "Prefer: wait=10" \\
      -d '{"currency":"USD","items":[{"sku":"SKU-001","quantity":2}],"paymentMethod":{"token":"tok_visa"},
           "shippingAddress":{"name":"Alice Chen","line1":"1 Main Street","city":"Seattle","region":"WA","postalCode":"98101","country":"US"}}'

  Ctrl-C stops it.
`);
    },
  });
  if (code === 0) console.log("  Stopped. Everything is saved; the next start goes on where it was.");
  return code;
}

/** The text as one word of a shell, quoted where it must be. */
const shellWord = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
