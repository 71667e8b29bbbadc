/** What each module can have for itself: a database, its master, a place where it is asked, secrets of its webhooks. */
import { isSecret, type Secret } from "../secret.ts";
import { optional } from "./load.ts";
import { sameBesidesLogin, secretOf, text, url, withoutPassword } from "./parsers.ts";
import { rpcBaseUrl } from "./service-settings.ts";

export const secretsKey = (module: string) => `${module}WebhookSecrets`;

export const rpcUrlKey = (module: string) => `${module}RpcUrl`;

export const moduleRpcUrl = (module: string) =>
  optional({
    env: `${module.toUpperCase()}_RPC_URL`,
    parser: rpcBaseUrl,
    description: `Internal port where the module ${module} runs; wins over RPC_URL.`,
  });

export function rpcUrlOf(
  values: Readonly<Record<string, unknown>>,
  module: string,
): [readonly [string, string]] | undefined {
  const value = values[rpcUrlKey(module)];
  return typeof value === "string" ? [[module, value]] : undefined;
}

export const urlKey = (module: string) => `${module}DatabaseUrl`;
export const urlEnv = (module: string) => `${module.toUpperCase()}_DATABASE_URL`;

export const moduleUrl = (module: string) =>
  optional({
    env: urlEnv(module),
    parser: secretOf(url("postgres", "postgresql")),
    secret: true,
    redact: withoutPassword,
    live: sameBesidesLogin,
    parameter: { of: "module", needed: "always" },
    description: `PostgreSQL of the module ${module}; wins over DATABASE_URL.`,
  });

export const masterKey = (module: string) => `${module}DatabaseMasterSecret`;

export const moduleMaster = (module: string) =>
  optional({
    env: `${module.toUpperCase()}_DATABASE_MASTER_SECRET`,
    parser: text(2048),
    parameter: { of: "module", needed: "never" },
    description: `ARN of the secret of the master at the database of the module ${module}; wins over DATABASE_MASTER_SECRET.`,
  });

export function masterOf(values: Readonly<Record<string, unknown>>, module: string): string | null {
  const value = values[masterKey(module)];
  return typeof value === "string" ? value : null;
}

export function urlOf(values: Readonly<Record<string, unknown>>, module: string): Secret | null {
  const value = values[urlKey(module)];
  return isSecret(value) ? value : null;
}
