import type { Secret } from "../secret.ts";
import { crossFaults } from "./cross-faults.ts";
import {
  type ConfigFault,
  type Environment,
  type Flags,
  type GivenParameters,
  loadConfig,
  type SettingRow,
  type Settings,
} from "./load.ts";
import {
  masterKey,
  masterOf,
  moduleMaster,
  moduleRpcUrl,
  moduleUrl,
  rpcUrlKey,
  rpcUrlOf,
  secretsKey,
  urlKey,
  urlOf,
} from "./module-settings.ts";
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
  readonly parameters?: GivenParameters;
  /** Of the parameters, where they could not be read. */
  readonly faults?: readonly ConfigFault[];
}

/** Every setting that there is: the platform's, and each module's own. */
export function allSettings<M extends string>(
  given: Pick<PlatformGiven<M>, "modules" | "webhooksFrom" | "mode" | "cwd">,
) {
  const platform = platformSettings(given);
  // A name that is nobody's has no type of its own: each is asked for by what it must be.
  const own: Settings = Object.fromEntries(
    given.modules.flatMap((name): [string, Settings[string]][] => [
      [urlKey(name), moduleUrl(name)],
      [masterKey(name), moduleMaster(name)],
      [rpcUrlKey(name), moduleRpcUrl(name)],
    ]),
  );
  const senders = [...(given.webhooksFrom ?? [])];
  const secrets = Object.fromEntries(senders.map(([name, sender]) => [secretsKey(name), webhookSecrets(name, sender)]));
  return { ...platform, ...own, ...secrets };
}

/** The whole configuration of a process, with every value and where it came from; throws one `ConfigError`. */
export function loadPlatformConfig<M extends string>(
  given: PlatformGiven<M>,
): { readonly config: PlatformConfig<M>; readonly table: readonly SettingRow[] } {
  const { config, table } = loadConfig<ReturnType<typeof platformSettings<M>>>(allSettings(given), {
    env: given.env,
    flags: given.flags ?? {},
    ...(given.parameters && { parameters: given.parameters }),
    ...(given.faults && { faults: given.faults }),
    check: (all, malformed) => crossFaults(given, all, all, malformed),
  });
  const databaseUrls = new Map(config.modules.map((name) => [name, urlOf(config, name) ?? config.databaseUrl]));
  const rpcUrls = new Map(given.modules.flatMap((name) => rpcUrlOf(config, name) ?? []));
  const values: Readonly<Record<string, unknown>> = config;
  const masterSecrets = new Map(
    given.modules.flatMap((name) => {
      const found = masterOf(values, name) ?? config.databaseMasterSecret;
      return found === null ? [] : [[name, found] as const];
    }),
  );
  const webhookSecretsOf = new Map(
    [...(given.webhooksFrom?.keys() ?? [])].flatMap((name) => {
      // As the setting's parser gives it.
      const found = values[secretsKey(name)] as readonly Secret[] | null;
      return found === null ? [] : [[name, found] as const];
    }),
  );
  return { config: { ...config, databaseUrls, rpcUrls, masterSecrets, webhookSecrets: webhookSecretsOf }, table };
}
