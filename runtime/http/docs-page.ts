/**
 * `/docs`: every operation as one page, made on the server from the OpenAPI document. No script and nothing from
 * elsewhere; its stylesheet is served beside it, so that the policy allows nothing inline.
 */
import type { App } from "./app.ts";
import { DOCS_STYLESHEET } from "./docs-style.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { escapeHtml, servePage } from "./page.ts";

/**
 * Serves `/openapi.json`, `/docs`, its stylesheet, and sends `/problems/<slug>` to the place in `/docs`. The document is
 * made when it is first asked for: a start does not wait for it.
 */
export function mountDocs(app: App, make: () => OpenApiDocument): void {
  const document = once(make);
  const json = once(() => JSON.stringify(document()));
  const html = once(() => renderDocs(document()));
  servePage(app, "/openapi.json", "application/json", json);
  servePage(app, "/docs", "text/html; charset=utf-8", html);
  servePage(app, "/docs/style.css", "text/css; charset=utf-8", () => DOCS_STYLESHEET);
  app.get(
    "/problems/:slug{[a-z0-9-]+}",
    () => new Response(null, { status: 302, headers: { location: "/docs#problems" } }),
  );
}

/** The page itself. */
export function renderDocs(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const found: unknown = item[method];
      return isRecord(found) ? [{ path, method, found }] : [];
    }),
  );
  const navigation = operations.map(
    ({ path, method }) =>
      `<li><a href="#${idOf(method, path)}"><b>${method.toUpperCase()}</b> ${escapeHtml(path)}</a></li>`,
  );
  const sections = operations.map(({ path, method, found }) => section(path, method, found));
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<section id="schema-${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3>${code("Schema", schema)}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)}</title><link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/docs/style.css"></head>
<body><a class="skip" href="#main">Skip to the operations</a>
<header><h1>${escapeHtml(document.info.title)} <small>${escapeHtml(document.info.version)}</small></h1>
<p>${escapeHtml(document.info.description ?? "")}</p><p><a href="/openapi.json">OpenAPI document</a></p></header>
<nav aria-label="Operations"><ul>${navigation.join("")}</ul></nav>
<main id="main">${sections.join("")}
<section id="problems"><h2>Problems</h2><p>Errors are <code>application/problem+json</code> (RFC 9457). Decide by <code>type</code> and <code>status</code>; the operations above list what each can answer.</p></section>
<h2>Schemas</h2>${schemas.join("")}</main></body></html>`;
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

function section(path: string, method: string, operation: Record<string, unknown>): string {
  const parameters = records(operation["parameters"]).map(
    (parameter) =>
      `<tr><th scope="row"><code>${text(parameter["name"])}</code></th><td>${text(parameter["in"])}${parameter["required"] === true ? ", required" : ""}</td><td>${text(parameter["description"] ?? (isRecord(parameter["schema"]) ? parameter["schema"]["description"] : ""))}</td></tr>`,
  );
  const responses = isRecord(operation["responses"]) ? Object.entries(operation["responses"]) : [];
  const answers = responses.map(
    ([status, response]) =>
      `<dt>${escapeHtml(status)}</dt><dd>${isRecord(response) ? text(response["description"]) : ""}${status < "400" ? contents("Answer", response) : ""}</dd>`,
  );
  const description = operation["description"] === undefined ? "" : `<p>${text(operation["description"])}</p>`;
  return `<section id="${idOf(method, path)}"><h2><span class="method">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code></h2>
<p>${text(operation["summary"])}</p>${description}
${parameters.length > 0 ? `<table><caption>Parameters</caption><tbody>${parameters.join("")}</tbody></table>` : ""}
${contents("Request", operation["requestBody"])}<dl>${answers.join("")}</dl></section>`;
}

function contents(label: string, holder: unknown): string {
  if (!isRecord(holder) || !isRecord(holder["content"])) return "";
  return Object.entries(holder["content"])
    .map(([mediaType, media]) => {
      if (!isRecord(media)) return "";
      const example = media["example"] === undefined ? "" : code(`${label} example`, media["example"]);
      return `${example}${code(`${label} schema, ${mediaType}`, media["schema"])}`;
    })
    .join("");
}

const code = (label: string, value: unknown) =>
  `<details><summary>${escapeHtml(label)}</summary><pre tabindex="0"><code>${escapeHtml(JSON.stringify(value, null, 2) ?? "")}</code></pre></details>`;

const idOf = (method: string, path: string) => `${method}-${path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const records = (value: unknown) => (Array.isArray(value) ? value.filter(isRecord) : []);
const text = (value: unknown) => escapeHtml(typeof value === "string" ? value : "");

/** What `make` gives, made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
