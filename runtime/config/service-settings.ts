import type { AccountTable } from "../identity/service-account.ts";
import { optional, type Settings, setting } from "./load.ts";
import { oneOf, type Parser, text, url } from "./parsers.ts";

const httpUrl = url("http", "https");

/** What the path of a method is put behind, so without a slash at its end; `{module}` stands for the module's name. */
export const rpcBaseUrl: Parser<string> = {
  wants: `${httpUrl.wants}, such as http://{module}:8081`,
  parse(given) {
    const example = given.replaceAll("{module}", "order");
    const isWhole = httpUrl.parse(example) !== null && !/[{}]/.test(example);
    return isWhole ? given.replace(/\/+$/, "") : null;
  },
};

/** `account=caller+caller`, one or several, separated by commas: for pods that run several modules. */
export const accountTable: Parser<AccountTable> = {
  wants: "account=caller+caller, or several separated by commas, such as orders=order+payment+edge",
  parse(text) {
    const entries = text.split(",").map((entry) => /^([a-z0-9.-]+)=([a-z0-9]+(?:\+[a-z0-9]+)*)$/.exec(entry.trim()));
    const table = new Map(entries.map((entry) => [entry?.[1] ?? "", entry?.[2]?.split("+") ?? []]));
    return entries.includes(null) || table.size < entries.length ? null : table;
  },
  show: (table) => [...table].map(([account, callers]) => `${account}=${callers.join("+")}`).join(","),
};

/** What an address's first name can end with. */
const hostSuffix: Parser<string> = {
  wants: "what ends a name of a host: a-z, 0-9 and -, such as -pods",
  parse: (given) => (/^[a-z0-9-]{0,61}[a-z0-9]$/.test(given) ? given : null),
};

/** How the platform's processes find and believe each other. */
export const serviceSettings = {
  rpcUrl: optional({
    env: "RPC_URL",
    parser: rpcBaseUrl,
    description:
      "Internal port of a module; {module} is its name. <MODULE>_RPC_URL wins for one. Default, where modules run elsewhere: http://{module}:8081.",
  }),
  replicasHostSuffix: optional({
    env: "REPLICAS_HOST_SUFFIX",
    parser: hostSuffix,
    description:
      "Behind the first name of a module's rpc address: where each of its processes is found, for /api/v1/ops. For names that lead to one of them at a time, as those of a Service in a cluster do.",
  }),
  serviceIssuer: optional({
    env: "SERVICE_ISSUER",
    parser: url("https", "http"),
    parameter: { of: "shared", needed: "split" },
    description:
      "The cluster's issuer of ServiceAccount tokens; https, but for one on this machine. Without it: the development issuer, where it is on.",
  }),
  serviceJwksUrl: optional({
    env: "SERVICE_JWKS_URL",
    parser: url("https", "http"),
    description: "Where that issuer publishes its keys. Default: SERVICE_ISSUER + /keys.",
  }),
  serviceAudience: setting({
    env: "SERVICE_AUDIENCE",
    parser: text(255),
    fallback: "genai-demo",
    description: "The `aud` of the ServiceAccount tokens that pods show each other.",
  }),
  serviceAlgorithm: setting({
    env: "SERVICE_ALGORITHM",
    parser: oneOf("RS256", "PS256", "ES256", "ES384", "EdDSA"),
    fallback: "RS256" as const,
    description: "The one algorithm that the cluster's issuer signs with.",
  }),
  serviceTokenFile: setting({
    env: "SERVICE_TOKEN_FILE",
    parser: text(4096),
    fallback: "/var/run/secrets/genai-demo/token",
    description: "The pod's projected ServiceAccount token; read again every minute.",
  }),
  serviceNamespace: setting({
    env: "SERVICE_NAMESPACE",
    parser: text(63),
    fallback: "genai-demo",
    description: "The namespace whose ServiceAccounts are believed.",
  }),
  serviceAccounts: optional({
    env: "SERVICE_ACCOUNTS",
    parser: accountTable,
    description: "Whom each ServiceAccount speaks for: account=module+module, by commas. Default: one a module.",
  }),
} satisfies Settings;
