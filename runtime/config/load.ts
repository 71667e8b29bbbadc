/**
 * Typed configuration. Settings are plain data; `loadConfig` reads them all, and reports every fault at once, each with
 * its variable, what was given (never a secret's value, nor a parameter's) and what to do. Order: default < environment <
 * parameter < flag. An empty variable counts as not given.
 */
import { isSecret } from "../secret.ts";
import type { Parser } from "./parsers.ts";

export interface Setting<T> {
  /** The environment variable. */
  readonly env: string;
  /** The command line flag without dashes, where there is one. */
  readonly flag?: string;
  readonly parser: Parser<T>;
  /** A value, or one made from settings declared earlier. */
  readonly fallback: T | ((earlier: Earlier) => T);
  /** One line. */
  readonly description: string;
  readonly secret: boolean;
  /** What may be shown of a secret; nothing when left out. */
  readonly redact?: (text: string) => string;
  /** Whether a process takes a new text while it runs (a change from one to the other); else at its next start. */
  readonly live?: boolean | ((before: string, after: string) => boolean);
  /** Belongs into Parameter Store in a cluster: for all modules, or a module's own. Others may stand there as well. */
  readonly parameter?: ParameterPlace;
}

export interface ParameterPlace {
  readonly of: "module" | "shared";
  /** Where a pod does not start without it. */
  readonly needed: "always" | "split" | "never";
}

/** Values of settings declared earlier in the same list, by name. */
export type Earlier = Readonly<Record<string, unknown>>;

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Config<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export type Environment = Readonly<Record<string, string | undefined>>;
/** `true` is a flag without a value. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** What a store of parameters gives, by the environment's name for it. */
export type GivenParameters = ReadonlyMap<string, GivenParameter>;

export interface GivenParameter {
  readonly text: string;
  /** As the store calls it. */
  readonly path: string;
  readonly isSecure: boolean;
}

export type Source = "default" | "environment" | "parameter" | "flag";

/** One line of what the configuration is; a secret's value is hidden. */
export interface SettingRow {
  readonly name: string;
  readonly env: string;
  readonly flag: string | null;
  readonly value: string;
  readonly source: Source;
  readonly description: string;
}

export interface ConfigFault {
  /** What to change: a variable or `--flag`. */
  readonly setting: string;
  readonly given: string;
  readonly advice: string;
}

export interface Loaded<S extends Settings> {
  readonly config: Config<S>;
  readonly table: readonly SettingRow[];
}

/** All faults of a configuration; the message has one line for each. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly ConfigFault[]) {
    const lines = faults.map(({ setting, given, advice }) => `${setting}${given ? ` is ${given}` : ""}: ${advice}`);
    super(
      lines.length === 1
        ? `the configuration has a fault: ${lines[0]}`
        : `the configuration has ${lines.length} faults:\n  ${lines.join("\n  ")}`,
    );
    this.name = "ConfigError";
  }
}

/** Declares a setting; `secret` defaults to false. */
export function setting<T>(declared: Omit<Setting<T>, "secret"> & { readonly secret?: boolean }): Setting<T> {
  return { secret: false, ...declared };
}

/** Declares a setting that may be absent: null when it is not given. */
export function optional<T>(
  declared: Omit<Setting<T>, "secret" | "fallback"> & { readonly secret?: boolean },
): Setting<T | null> {
  return { secret: false, fallback: null, ...declared };
}

export interface Given<S extends Settings> {
  readonly env: Environment;
  readonly flags?: Flags;
  readonly parameters?: GivenParameters;
  /** What was found before, where not all could be read: then nothing is said to be missing. */
  readonly faults?: readonly ConfigFault[];
  /**
   * Rules that concern several settings. Where one is malformed (by its variable), its fallback stands in for it, and only
   * what is missing is asked for.
   */
  readonly check?: (config: Config<S>, malformed: ReadonlySet<string>) => readonly ConfigFault[];
}

/** `given` of what a rule asks for and nobody gave. */
export const NOT_SET = "not set";

/** Reads all settings, or throws one `ConfigError` with every fault. */
export function loadConfig<S extends Settings>(settings: S, given: Given<S>): Loaded<S> {
  const faults: ConfigFault[] = [...(given.faults ?? []), ...unknownFlags(settings, given.flags ?? {})];
  const malformed = new Set<string>();
  const values: Record<string, unknown> = {};
  const table: SettingRow[] = [];
  for (const [name, declared] of Object.entries(settings)) {
    const found = find(declared, given);
    let value = found ? parse(declared, found, faults) : fallbackOf(declared, values);
    if (found && value === null) {
      malformed.add(declared.env);
      value = fallbackOf(declared, values);
    }
    values[name] = value;
    table.push({
      name,
      env: declared.env,
      flag: declared.flag ? `--${declared.flag}` : null,
      value: found?.isHidden && !declared.secret ? HIDDEN : shown(declared, value),
      source: found?.source ?? "default",
      description: declared.description,
    });
  }
  // Each value came from the parser or the fallback of its own setting.
  const config = values as Config<S>;
  if ((given.faults ?? []).length === 0 && given.check) {
    const sound = faults.length === 0;
    const broken = given.check(config, malformed).map((fault) => hideParameter(fault, settings, given));
    faults.push(...broken.filter((fault) => sound || (fault.given === NOT_SET && !malformed.has(fault.setting))));
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { config, table };
}

interface Found {
  readonly text: string | null;
  readonly source: Source;
  readonly name: string;
  /** A store keeps it encrypted. */
  readonly isHidden?: boolean;
}

type Places = Pick<Given<Settings>, "env" | "flags" | "parameters">;

function find(declared: Setting<unknown>, { env, flags = {}, parameters }: Places): Found | null {
  const flag = declared.flag === undefined ? undefined : flags[declared.flag];
  if (flag !== undefined) {
    const name = `--${declared.flag}`;
    if (typeof flag === "string" && flag !== "") return { text: flag, source: "flag", name };
    // A flag without a value switches a yes-or-no setting; anything else needs one.
    return { text: typeof flag === "boolean" && isBoolean(declared) ? String(flag) : null, source: "flag", name };
  }
  const parameter = parameters?.get(declared.env);
  if (parameter !== undefined && parameter.text.trim() !== "") {
    const { text, path, isSecure } = parameter;
    return { text: text.trim(), source: "parameter", name: path, isHidden: isSecure };
  }
  const text = env[declared.env];
  return text === undefined || text.trim() === ""
    ? null
    : { text: text.trim(), source: "environment", name: declared.env };
}

const isBoolean = ({ parser }: Setting<unknown>) => parser.parse("true") === true;

function parse(declared: Setting<unknown>, found: Found, faults: ConfigFault[]): unknown {
  const value = found.text === null ? null : declared.parser.parse(found.text);
  if (value === null) {
    const given = found.text === null ? "given without a value" : hides(declared, found) ? HIDDEN : quoted(found.text);
    faults.push({ setting: found.name, given, advice: `must be ${declared.parser.wants}.` });
  }
  return value;
}

const hides = (declared: Setting<unknown>, { source }: Found) => declared.secret || source === "parameter";

/** A rule's fault, where the setting that it names comes from a store: under its name there, without its value. */
function hideParameter(fault: ConfigFault, settings: Settings, places: Places): ConfigFault {
  const declared = Object.values(settings).find(({ env }) => env === fault.setting);
  const found = declared && find(declared, places);
  if (found?.source !== "parameter") return fault;
  return { ...fault, setting: found.name, given: fault.given === NOT_SET ? NOT_SET : HIDDEN };
}

function fallbackOf(declared: Setting<unknown>, earlier: Earlier): unknown {
  const { fallback } = declared;
  return typeof fallback === "function" ? fallback(earlier) : fallback;
}

const HIDDEN = "(hidden)";
const quoted = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

function shown(declared: Setting<unknown>, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (declared.secret) return (isSecret(value) ? declared.redact?.(value.open()) : undefined) ?? HIDDEN;
  if (declared.parser.show) return declared.parser.show(value);
  return Array.isArray(value) ? value.join(",") : String(value);
}

function unknownFlags(settings: Settings, flags: Flags): ConfigFault[] {
  const known = Object.values(settings).flatMap(({ flag }) => (flag ? [flag] : []));
  return Object.entries(flags)
    .filter(([name, value]) => value !== undefined && !known.includes(name))
    .map(([name]) => ({
      setting: `--${name}`,
      given: "",
      advice: `is not a known flag. Known: ${known.map((flag) => `--${flag}`).join(", ")}.`,
    }));
}
