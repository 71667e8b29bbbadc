import { relative } from "node:path";
import type { PlatformConfig } from "../../config/settings.ts";

/** What `dev` prints once, when everything is up. */
export function banner(url: string, config: PlatformConfig<string>): string {
  const data = relative(process.cwd(), config.dataDir) || ".";
  const withData = data === ".data" ? "" : ` --data ${shellWord(data)}`;
  return `
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
`;
}

export const FAREWELL = "  Stopped. Everything is saved; the next start goes on where it was.";

/** The text as one word of a shell, quoted where it must be. */
const shellWord = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
