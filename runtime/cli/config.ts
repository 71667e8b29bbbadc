/** `config`: what the settings of a process are, and where each comes from, without starting anything. */
import type { SettingRow } from "../config/load.ts";
import type { Mode } from "../config/settings.ts";
import type { Module } from "../module.ts";
import { flagsOf, UsageError } from "./arguments.ts";
import { loadConfigHere, platformFlags } from "./run-platform.ts";

export const help = `config: print every setting with its variable, flag, value, source and meaning. Nothing is started.

  bun run config
  bun run config --mode serve
  PORT=9090 bun run config --json

  --mode MODE  what to print it for: dev (default), serve (a pod) or migrate; defaults differ
  --json       as a list of objects

Flags of \`dev\` and \`serve\` (--port, --data, …) may be given and count as there. Secrets are not shown.
Exit code 0 when a process could start with it; 1 when there are faults, which are printed as at a start.`;

const MODES = ["dev", "serve", "migrate"] as const satisfies readonly Mode[];

export const flags = { ...platformFlags, mode: "string", json: "boolean" } as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { mode: given = "dev", json, ...settings } = flagsOf(args, flags);
  const mode = MODES.find((known) => known === given);
  if (mode === undefined) throw new UsageError(`--mode is ${given}: it must be one of ${MODES.join(", ")}`);
  const { table } = loadConfigHere(registry, mode, settings);
  console.log(json ? JSON.stringify(table, null, 2) : inColumns(table));
  return 0;
}

type Column = "name" | "env" | "flag" | "value" | "source" | "description";

const COLUMNS: readonly (readonly [Column, string])[] = [
  ["name", "SETTING"],
  ["env", "VARIABLE"],
  ["flag", "FLAG"],
  ["value", "VALUE"],
  ["source", "SOURCE"],
  ["description", "MEANING"],
];

function inColumns(table: readonly SettingRow[]): string {
  const rows = [COLUMNS.map(([, title]) => title), ...table.map((row) => COLUMNS.map(([name]) => row[name] ?? ""))];
  const widths = COLUMNS.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
