import type { App } from "./app.ts";
import { methodNotAllowed } from "./failure.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Own stylesheets and pictures, no script, nothing inline, no frame. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Serves a page or a file that belongs to one. Other methods than GET and HEAD are answered 405. */
export function servePage(app: App, path: string, type: string, content: (request: Request) => string): void {
  const headers = {
    ...SECURITY_HEADERS,
    "content-security-policy": PAGE_POLICY,
    "content-type": type,
    "cache-control": "no-cache",
  };
  app.get(path, (context) => new Response(content(context.req.raw), { headers }));
  app.all(path, () => methodNotAllowed("GET, HEAD"));
}

/** Text made safe for HTML content and for attributes in double quotes. */
export const escapeHtml = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
