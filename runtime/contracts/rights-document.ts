/** `docs/rights.md`: who may call what, as the routes declare it. */
import { type Rights, scopeOf } from "../http/rights.ts";
import type { RouteSpec } from "../http/route.ts";
import { markdownTable } from "./markdown-table.ts";

const INTRODUCTION = `# Rights: who may call what

Written by \`bun run modules\` from the declaration beside each route (\`rights\`, runtime/http/rights.ts); \`check\` fails while it is not current. The same declarations make the check itself, the \`security\` of /openapi.json and the tests that ask a running platform every route as everybody who may come by (\`bun run bench authz\`).

A token's role is \`customer\` or \`operator\`. A customer has what is theirs: a stranger's object is answered exactly as one that does not exist. An operator has every customer's, within scopes: \`module:read\` or \`module:write\`, \`module:*\` for both, \`*\` for everything. Without a token that is believed the answer is 401, without the role or scope 403; both come before the body is read.

`;

const HEADINGS = ["Call", "Who", "Operators' scope", "Whose object"];

/** The document of the given routes, in their order. */
export const rightsDocument = (specs: readonly RouteSpec[]): string =>
  `${INTRODUCTION}${markdownTable(HEADINGS, specs.map(row))}`;

function row({ method, path, rights }: RouteSpec): readonly string[] {
  const scope = scopeOf(rights);
  return [`\`${method} ${path}\``, rights.callers, scope === undefined ? "–" : `\`${scope}\``, whose(rights)];
}

const OTHERS: Readonly<Record<Extract<Rights["object"], string>, string>> = {
  shared: "any",
  signed: "the sender's, by its signature over the body",
  keyed: "of whoever has its key",
  own: "the caller's own",
};

function whose({ callers, object }: Rights): string {
  if (typeof object === "string") return OTHERS[object];
  const { noun, place, parameter, isOptional } = object;
  const isFor = callers === "operators" ? "any customer's" : "the owner's";
  switch (place) {
    case "path":
      return `${isFor} ${noun} in \`{${parameter}}\``;
    case "query":
      return `${isFor} ${noun} in \`?${parameter}=\`; of any other nothing is listed`;
    case "customer":
      if (isOptional) return `the caller's own; operators see all, or those of \`?${parameter}=\``;
      return `the caller's own; operators name the customer in \`?${parameter}=\``;
  }
}
