/** `/`: what this is and how to place an order, made on the server. No script, nothing from elsewhere. */
import { escapeHtml } from "../http/page.ts";
import { programCall } from "../program.ts";

export interface Welcome {
  /** Scheme, host and port that the browser used. */
  readonly origin: string;
  readonly version: string;
  /** Tokens of the `token` command are accepted. */
  readonly development: boolean;
}

const WAY: readonly (readonly [module: string, does: string])[] = [
  ["pricing", "names the price, and the order is placed: PENDING"],
  ["inventory", "reserves every line or none: RESERVED, or REJECTED out_of_stock"],
  ["payment", "authorises the exact total: CONFIRMED, or REJECTED payment_declined and the stock goes back"],
  ["delivery", "schedules the shipment: FULFILLING"],
  ["notification", "tells the customer"],
];

/** The page itself. */
export function renderWelcome({ origin, version, development }: Welcome): string {
  const way = WAY.map(([module, does]) => `<li><strong>${module}</strong> ${escapeHtml(does)}</li>`).join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>genai-demo</title><link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/welcome.css"></head>
<body><header><h1>genai-demo</h1>
<p class="lead">An order platform: six modules, one codebase. An order goes through all of them and arrives, whatever process dies on the way.</p>
<ul class="links"><li><a class="first" href="/docs">API documentation</a></li><li><a href="/openapi.json">OpenAPI document</a></li><li><a href="/asyncapi.json">AsyncAPI document</a></li><li><a href="/api/v1/pricing/products">Products</a></li><li><a href="/health/ready">Health</a></li></ul></header>
<main><h2>The way of an order</h2><ol class="way">${way}</ol>
<h2>Place one</h2><p>${development ? "In a terminal, in the folder that it was started in. A server started with <code>--data DIR</code> takes tokens of the same <code>--data DIR</code>." : "With a token of your identity provider whose role is customer:"}</p>
<pre tabindex="0"><code>${escapeHtml(orderLines(origin, development))}</code></pre>
<h2>Follow it</h2><pre tabindex="0"><code>${escapeHtml(followLines(origin))}</code></pre></main>
<footer>Version ${escapeHtml(version)}</footer></body></html>`;
}

const BODY = `{
  "currency": "USD",
  "items": [{ "sku": "SKU-001", "quantity": 2 }],
  "paymentMethod": { "token": "tok_visa" },
  "shippingAddress": {
    "name": "Alice Chen", "line1": "1 Main Street", "city": "Seattle",
    "region": "WA", "postalCode": "98101", "country": "US"
  }
}`;

const orderLines = (origin: string, development: boolean) => `TOKEN=${
  development ? `$(${programCall()} token --role customer --sub alice)` : "…"
}
ORDER=$(curl -s ${origin}/api/v1/orders \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(date +%s%N)" -H "Prefer: wait=10" \\
  -d '${BODY}')
echo "$ORDER"`;

const followLines = (origin: string) => `ID=$(echo "$ORDER" | grep -o '"id":"[^"]*' | head -n 1 | cut -d '"' -f 4)
sleep 1
curl -s -w '\\n' -H "Authorization: Bearer $TOKEN" ${origin}/api/v1/orders/$ID
curl -s -w '\\n' -H "Authorization: Bearer $TOKEN" ${origin}/api/v1/orders/$ID/history`;
