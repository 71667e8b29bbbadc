/**
 * What belongs to no module: the welcome page, the documents of all routes, the public keys of the development issuer,
 * and what operators ask of the whole platform. Pages and documents are made from the routes as data and ask no module
 * anything, so they answer as long as the process runs, for modules that run elsewhere too; operations ask the modules
 * by rpc, the topology each of their processes.
 */
import type { JSONWebKeySet } from "jose";
import { version } from "../build-info.ts";
import { asyncApiDocument } from "../contracts/asyncapi.ts";
import type { App } from "../http/app.ts";
import { mountDocs } from "../http/docs-page.ts";
import { type HttpDeps, mountRoutes } from "../http/mount.ts";
import { openApiDocument } from "../http/openapi.ts";
import { servePage } from "../http/page.ts";
import type { Route, RouteSpec } from "../http/route.ts";
import type { ModuleFacts } from "../module.ts";
import { EDGE } from "../registry.ts";
import { FAVICON } from "./favicon.ts";
import { keysRoute } from "./keys.ts";
import { type OpsDeps, opsRoutes } from "./ops.ts";
import type { TopologyDeps } from "./topology.ts";
import { topologyRoute } from "./topology-route.ts";
import type { TracesDeps } from "./traces.ts";
import { tracesRoute } from "./traces-route.ts";
import { renderWelcome } from "./welcome-page.ts";
import { WELCOME_STYLESHEET } from "./welcome-style.ts";

export interface EdgeOptions {
  /** What each process answers beside the modules' routes, for the documents. */
  readonly routes: readonly { readonly spec: RouteSpec }[];
  /** All of the platform, wherever they run: documents are made from their declarations. */
  readonly modules: readonly ModuleFacts[];
  /** Public keys of the development issuer; absent where it is not trusted. */
  readonly developmentKeys?: JSONWebKeySet | undefined;
  readonly ops: OpsDeps;
  readonly topology: TopologyDeps;
  readonly traces: TracesDeps;
  readonly http: HttpDeps;
}

/** What the edge answers beside pages and documents. */
export const edgeRoutes = ({
  developmentKeys,
  ops,
  topology,
  traces,
}: Pick<EdgeOptions, "developmentKeys" | "ops" | "topology" | "traces">): readonly Route[] => [
  keysRoute(developmentKeys ?? { keys: [] }),
  ...opsRoutes(ops),
  topologyRoute({ ...topology, clock: ops.clock }),
  tracesRoute(traces),
];

/** Mounts the edge on the public app. */
export function mountEdge(app: App, options: EdgeOptions): void {
  const { routes, modules, developmentKeys, http } = options;
  const own = edgeRoutes(options);
  mountRoutes(app, own, { ...http, module: EDGE });
  const names = modules.map(({ name }) => name).join(", ");
  mountDocs(app, () =>
    openApiDocument([...routes, ...modules.flatMap((module) => module.routes), ...own], {
      title: "genai-demo",
      version,
      description: `An order platform of these modules: ${names}. Amounts are integers in minor units; errors are problem details (RFC 9457). What the modules tell each other is in /asyncapi.json.`,
    }),
  );
  // Made when it is first asked for: a start does not wait for it.
  let messages: string | undefined;
  servePage(app, "/asyncapi.json", "application/json", () => {
    messages ??= JSON.stringify(
      asyncApiDocument(modules, {
        title: "genai-demo",
        version,
        description: `What the modules ${names} tell each other.`,
      }),
    );
    return messages;
  });
  const development = developmentKeys !== undefined;
  servePage(app, "/", "text/html; charset=utf-8", (request) =>
    renderWelcome({ origin: new URL(request.url).origin, version, development }),
  );
  servePage(app, "/welcome.css", "text/css; charset=utf-8", () => WELCOME_STYLESHEET);
  // Browsers ask for the second by themselves where a page names no icon, such as on a JSON answer.
  for (const path of ["/favicon.svg", "/favicon.ico"]) servePage(app, path, "image/svg+xml", () => FAVICON);
}
