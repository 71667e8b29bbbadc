/** SHA-256 of every file of a folder, as `sha256sum -c` reads it. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Of } from "./native-parts.ts";

export const CHECKSUMS = "SHA256SUMS";

/** Writes the file; gives the names that are in it. */
export function writeChecksums(folder: string): readonly string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== CHECKSUMS)
    .map(({ name }) => name)
    .sort();
  writeFileSync(join(folder, CHECKSUMS), names.map((name) => `${sha256Of(join(folder, name))}  ${name}\n`).join(""));
  return names;
}
