import { relative } from "node:path";
import type { PlatformConfig } from "../../config/settings.ts";
import { programCall, shellWord } from "../../program.ts";

/** What `dev` prints once, when everything is up; `more` stands below where it is. */
export function banner(url: string, config: PlatformConfig<string>, more = ""): string {
  return `
  genai-demo is ready: ${url}

  API      ${url}/docs   (${url}/openapi.json)
  Data     ${dataOf(config)}
${more}
  Place an order:

    TOKEN=$(${programCall()} token --role customer --sub alice${dataFlag(config)})
    curl -s ${url}/api/v1/orders -H "Authorization: Bearer $TOKEN" \\
      -H "Content-Type: application/json" -H "Idempotency-Key: $(date +%s%N)" -H "Prefer: wait=10" \\
      -d '{"currency":"USD","items":[{"sku":"SKU-001","quantity":2}],"paymentMethod":{"token":"tok_visa"},
           "shippingAddress":{"name":"Alice Chen","line1":"1 Main Street","city":"Seattle","region":"WA","postalCode":"98101","country":"US"}}'

  Ctrl-C stops it; everything that was answered is saved.
`;
}

export const FAREWELL = "  Stopped. Everything is saved; the next start goes on where it was.";

const dataOf = ({ dataDir }: PlatformConfig<string>) => relative(process.cwd(), dataDir) || ".";

/** What leads another command to the same data: a flag, or nothing where that looks there by itself. */
export function dataFlag(config: PlatformConfig<string>): string {
  const data = dataOf(config);
  return data === ".data" ? "" : ` --data ${shellWord(data)}`;
}
