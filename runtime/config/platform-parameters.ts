/**
 * The configuration of a process together with its parameters, where PARAMETER_PATH names some: read before anything else
 * is. Without it nothing of AWS is loaded.
 */
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { awsSettings } from "./aws-settings.ts";
import { createLiveConfig, fixedConfig, type LiveConfig } from "./live-config.ts";
import { ConfigError, type GivenParameters, loadConfig, type SettingRow } from "./load.ts";
import type { ParameterSource } from "./parameter-source.ts";
import { allSettings, loadPlatformConfig, type PlatformGiven } from "./platform-config.ts";
import { readParameters } from "./read-parameters.ts";
import { type PlatformConfig, platformSettings } from "./settings.ts";

export interface LoadedSettings {
  readonly config: PlatformConfig<string>;
  readonly table: readonly SettingRow[];
  readonly live: LiveConfig<PlatformConfig<string>>;
  /** Parameters that no setting is called by. */
  readonly unknown: readonly string[];
}

export interface ParameterDeps {
  readonly open: (region: string) => Promise<ParameterSource>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** How long a start waits for a store that is away. Kubernetes starts a pod again that has given up. */
const START_PATIENCE_MS = 30_000;

/** Reads the parameters and then all settings; throws one `ConfigError` with what is wrong in either. */
export async function loadPlatformSettings(given: PlatformGiven<string>, deps: ParameterDeps): Promise<LoadedSettings> {
  const place = placeOf(given);
  if (place === null) {
    const { config, table } = loadPlatformConfig(given);
    return { config, table, live: fixedConfig(config), unknown: [] };
  }
  const settings = allSettings(given);
  const source = await deps.open(place.region);
  const plan = {
    path: place.path,
    // Topics are everybody's: whoever makes them reads no module's path.
    modules: given.mode === "topics" ? [] : place.modules,
    variables: new Set(Object.values(settings).map(({ env }) => env)),
  };
  const { parameters, faults, unknown } = await readParameters(source, plan, START_PATIENCE_MS, deps.clock);
  const load = (found: GivenParameters) => loadPlatformConfig({ ...given, parameters: found });
  const { config, table } = loadPlatformConfig({ ...given, parameters, faults });
  const live = createLiveConfig({
    ...deps,
    config,
    parameters,
    env: given.env,
    settings,
    intervalMs: config.parameterRefreshMs,
    read: () => readParameters(source, plan, 0, deps.clock),
    load: (found) => load(found).config,
    close: () => source.close(),
  });
  return { config, table, live, unknown };
}

/** Where to read, and for whom; null where nothing is to be read, or where the environment does not say it well enough. */
export function placeOf(
  given: PlatformGiven<string>,
): { readonly path: string; readonly region: string; readonly modules: readonly string[] } | null {
  const { modules } = platformSettings(given);
  const { parameterPath, awsRegion } = awsSettings;
  const needed = { modules, parameterPath, awsRegion };
  const flags = given.flags?.["modules"] === undefined ? {} : { modules: given.flags["modules"] };
  try {
    const { config } = loadConfig(needed, { env: given.env, flags });
    const { parameterPath: path, awsRegion: region } = config;
    return path === null || region === null ? null : { path, region, modules: config.modules };
  } catch (error) {
    // All settings are read next, and say so with what else is wrong.
    if (error instanceof ConfigError) return null;
    throw error;
  }
}
