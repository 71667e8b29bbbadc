/** `config --parameters`: what belongs into Parameter Store, and what of it is still to be given. */
import { systemClock as clock } from "../../clock.ts";
import { ConfigError, type GivenParameters } from "../../config/load.ts";
import { allSettings, type PlatformGiven } from "../../config/platform-config.ts";
import { placeOf } from "../../config/platform-parameters.ts";
import { readParameters, SHARED } from "../../config/read-parameters.ts";
import { type DeclaredParameter, declaredParameters } from "../../contracts/declared-parameters.ts";
import type { Module } from "../../module.ts";
import { openParametersHere } from "../run-platform.ts";

export interface ParameterRow {
  readonly module: string;
  readonly name: string;
  readonly path: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** `unknown`: PARAMETER_PATH is not set, so nobody was asked. */
  readonly given: "parameter" | "environment" | "no" | "unknown";
  readonly description: string;
}

/** Where the store is not named. */
const EXAMPLE_PATH = "/genai-demo";
const PATIENCE_MS = 10_000;

/** Of the modules that `given` runs, and of what they share. Throws a `ConfigError` where a path cannot be read. */
export async function parameterRows(
  registry: readonly Module[],
  given: PlatformGiven<string>,
): Promise<readonly ParameterRow[]> {
  const place = placeOf(given);
  const asked = place?.modules ?? modulesOf(given);
  const found = place === null ? null : await read(place, given);
  const isSplit = asked.length < registry.length;
  return declaredParameters(registry)
    .filter(({ owner }) => owner === SHARED || asked.includes(owner))
    .map(({ owner, name, env, secret, needed, description }) => ({
      module: owner,
      name,
      path: `${place?.path ?? EXAMPLE_PATH}/${owner}/${name}`,
      required: needed === "always" || (needed === "split" && isSplit),
      secret,
      given: givenBy(env, given, found),
      description,
    }));
}

function givenBy(
  env: DeclaredParameter["env"],
  { env: environment }: PlatformGiven<string>,
  found: GivenParameters | null,
): ParameterRow["given"] {
  if (found?.has(env)) return "parameter";
  if ((environment[env] ?? "").trim() !== "") return "environment";
  return found === null ? "unknown" : "no";
}

/** Where MODULES is malformed, all of them. */
function modulesOf({ modules, flags, env }: PlatformGiven<string>): readonly string[] {
  const text = String(flags?.["modules"] ?? env["MODULES"] ?? "all");
  const named = text.split(",").map((name) => name.trim());
  return text === "all" || named.some((name) => !modules.includes(name)) ? modules : named;
}

async function read(
  { path, region, modules }: NonNullable<ReturnType<typeof placeOf>>,
  given: PlatformGiven<string>,
): Promise<GivenParameters> {
  const source = await openParametersHere(region);
  try {
    const variables = new Set(Object.values(allSettings(given)).map(({ env }) => env));
    const { parameters, faults } = await readParameters(source, { path, modules, variables }, PATIENCE_MS, clock);
    // A path without any is what this is asked for.
    const worse = faults.filter(({ advice }) => !advice.startsWith("there is no parameter"));
    if (worse.length > 0) throw new ConfigError(worse);
    return parameters;
  } finally {
    source.close();
  }
}
