/**
 * What belongs to no module: the welcome page, the documents of all routes, the public keys of the development issuer,
 * and what operators ask of the whole platform. Pages and documents are made from the routes as data and ask no module
 * anything, so they answer as long as the process runs; operations ask the modules by rpc.
 */
import type { JSONWebKeySet } from "jose";
import { version } from "../../package.json";
import type { App } from "../http/app.ts";
import { mountDocs } from "../http/docs-page.ts";
import { type HttpDeps, mountRoutes } from "../http/mount.ts";
import { openApiDocument } from "../http/openapi.ts";
import { servePage } from "../http/page.ts";
import type { Route } from "../http/route.ts";
import { FAVICON } from "./favicon.ts";
import { keysRoute } from "./keys.ts";
import { type OpsDeps, opsRoutes } from "./ops.ts";
import { renderWelcome } from "./welcome-page.ts";
import { WELCOME_STYLESHEET } from "./welcome-style.ts";

export interface EdgeOptions {
  /** Everything that is mounted on the public port, for the documents. */
  readonly routes: readonly Route[];
  /** Public keys of the development issuer; absent where it is not trusted. */
  readonly developmentKeys?: JSONWebKeySet | undefined;
  readonly ops: OpsDeps;
  readonly http: HttpDeps;
}

/** Mounts the edge on the public app. */
export function mountEdge(app: App, { routes, developmentKeys, ops, http }: EdgeOptions): void {
  const own = [keysRoute(developmentKeys ?? { keys: [] }), ...opsRoutes(ops)];
  mountRoutes(app, own, http);
  mountDocs(
    app,
    openApiDocument([...routes, ...own], {
      title: "genai-demo",
      version,
      description:
        "An order platform of six modules: order, payment, inventory, pricing, delivery and notification. Amounts are integers in minor units; errors are problem details (RFC 9457).",
    }),
  );
  const development = developmentKeys !== undefined;
  servePage(app, "/", "text/html; charset=utf-8", (request) =>
    renderWelcome({ origin: new URL(request.url).origin, version, development }),
  );
  servePage(app, "/welcome.css", "text/css; charset=utf-8", () => WELCOME_STYLESHEET);
  // Browsers ask for the second by themselves where a page names no icon, such as on a JSON answer.
  for (const path of ["/favicon.svg", "/favicon.ico"]) servePage(app, path, "image/svg+xml", () => FAVICON);
}
