/** `config`: what the settings of a process are, and where each comes from, without starting anything. */
import type { SettingRow } from "../config/load.ts";
import type { Mode } from "../config/settings.ts";
import type { Module } from "../module.ts";
import { flagsOf, UsageError } from "./arguments.ts";
import { type ParameterRow, parameterRows } from "./config/parameters.ts";
import { givenHere, loadConfigHere, type PlatformFlags, platformFlags } from "./run-platform.ts";

export const help = `config: print every setting with its variable, flag, value, source and meaning. Nothing is started.

  bun run config
  bun run config --mode serve
  PORT=9090 bun run config --json
  AWS_REGION=eu-central-1 PARAMETER_PATH=/genai-demo bun run config --parameters

  --mode MODE   what to print it for: dev (default), serve (a pod) or migrate; defaults differ
  --json        as a list of objects
  --parameters  instead: what belongs into Parameter Store for MODULES and what they share, whether a pod needs it, and
                whether it is given, there (asked where PARAMETER_PATH and AWS_REGION are set) or in the environment
  --module NAME with --parameters: of one module

Flags of \`dev\` and \`serve\` (--port, --data, …) may be given and count as there. Secrets are not shown.
Exit code 0 when a process could start with it; 1 when there are faults, which are printed as at a start. With
--parameters 1 when one is missing that a pod needs.`;

const MODES = ["dev", "serve", "migrate"] as const satisfies readonly Mode[];

export const flags = {
  ...platformFlags,
  mode: "string",
  json: "boolean",
  parameters: "boolean",
  module: "string",
} as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { mode: given = "dev", json, parameters, module, ...settings } = flagsOf(args, flags);
  if (parameters) return listParameters(registry, { ...settings, ...(module && { modules: module }) }, json === true);
  if (module !== undefined) throw new UsageError("--module is for --parameters");
  const mode = MODES.find((known) => known === given);
  if (mode === undefined) throw new UsageError(`--mode is ${given}: it must be one of ${MODES.join(", ")}`);
  const { table } = await loadConfigHere(registry, mode, settings);
  console.log(json ? JSON.stringify(table, null, 2) : inColumns(COLUMNS, table));
  return 0;
}

async function listParameters(registry: readonly Module[], settings: PlatformFlags, json: boolean): Promise<number> {
  const names = registry.map(({ name }) => name);
  const { modules } = settings;
  if (typeof modules === "string" && modules.split(",").some((name) => name !== "all" && !names.includes(name.trim())))
    throw new UsageError(`there is no module ${modules}: it must be one of ${names.join(", ")}`);
  const rows = await parameterRows(registry, givenHere(registry, "serve", settings));
  const shown = rows.map((row) => ({
    ...row,
    required: row.required ? "yes" : "no",
    secret: row.secret ? "yes" : "no",
  }));
  console.log(json ? JSON.stringify(rows, null, 2) : inColumns(PARAMETER_COLUMNS, shown));
  const missing = rows.filter(({ required, given }) => required && given === "no");
  if (missing.length > 0)
    console.error(`${missing.length} are still to be given: ${missing.map(({ path }) => path).join(", ")}`);
  return missing.length === 0 ? 0 : 1;
}

type Columns<R> = readonly (readonly [keyof R, string])[];

const PARAMETER_COLUMNS: Columns<Omit<ParameterRow, "required" | "secret"> & Record<"required" | "secret", string>> = [
  ["path", "PARAMETER"],
  ["required", "REQUIRED"],
  ["secret", "SECRET"],
  ["given", "GIVEN"],
  ["description", "MEANING"],
];

const COLUMNS: Columns<SettingRow> = [
  ["name", "SETTING"],
  ["env", "VARIABLE"],
  ["flag", "FLAG"],
  ["value", "VALUE"],
  ["source", "SOURCE"],
  ["description", "MEANING"],
];

function inColumns<R>(columns: Columns<R>, table: readonly R[]): string {
  const rows = [
    columns.map(([, title]) => title),
    ...table.map((row) => columns.map(([name]) => String(row[name] ?? ""))),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
