import type { Secret } from "../secret.ts";
import { crossFaults } from "./cross-faults.ts";
import { type Environment, type Flags, loadConfig, type SettingRow, type Settings } from "./load.ts";
import { moduleRpcUrl, moduleUrl, rpcUrlKey, rpcUrlOf, secretsKey, urlKey, urlOf } from "./module-settings.ts";
import { type Mode, type PlatformConfig, platformSettings } from "./settings.ts";
import { webhookSecrets } from "./webhook-settings.ts";

export interface PlatformGiven<M extends string> {
  readonly modules: readonly M[];
  /** Who sends webhooks to a module, in words. */
  readonly webhooksFrom?: ReadonlyMap<M, string>;
  readonly mode: Mode;
  readonly cwd: string;
  readonly env: Environment;
  readonly flags?: Flags;
}

/** The whole configuration of a process, with every value and where it came from; throws one `ConfigError`. */
export function loadPlatformConfig<M extends string>(
  given: PlatformGiven<M>,
): { readonly config: PlatformConfig<M>; readonly table: readonly SettingRow[] } {
  const platform = platformSettings(given);
  // A name that is nobody's has no type of its own: each is asked for by what it must be.
  const own: Settings = Object.fromEntries(
    given.modules.flatMap((name): [string, Settings[string]][] => [
      [urlKey(name), moduleUrl(name)],
      [rpcUrlKey(name), moduleRpcUrl(name)],
    ]),
  );
  const senders = [...(given.webhooksFrom ?? [])];
  const secrets = Object.fromEntries(senders.map(([name, sender]) => [secretsKey(name), webhookSecrets(name, sender)]));
  const { config, table } = loadConfig<typeof platform>(
    { ...platform, ...own, ...secrets },
    {
      env: given.env,
      flags: given.flags ?? {},
      check: (all) => crossFaults(given, all, all),
    },
  );
  const databaseUrls = new Map(config.modules.map((name) => [name, urlOf(config, name) ?? config.databaseUrl]));
  const rpcUrls = new Map(given.modules.flatMap((name) => rpcUrlOf(config, name) ?? []));
  const values: Readonly<Record<string, unknown>> = config;
  const webhookSecretsOf = new Map(
    senders.flatMap(([name]) => {
      // As the setting's parser gives it.
      const found = values[secretsKey(name)] as readonly Secret[] | null;
      return found === null ? [] : [[name, found] as const];
    }),
  );
  return { config: { ...config, databaseUrls, rpcUrls, webhookSecrets: webhookSecretsOf }, table };
}
