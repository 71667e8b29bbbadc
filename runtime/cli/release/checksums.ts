/** SHA-256 of every file of a folder, as `sha256sum -c` reads it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const CHECKSUMS = "SHA256SUMS";

/** Of a file, in hexadecimal. */
export const sha256Of = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Writes the file; gives the names that are in it. */
export function writeChecksums(folder: string): readonly string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== CHECKSUMS)
    .map(({ name }) => name)
    .sort();
  writeFileSync(join(folder, CHECKSUMS), names.map((name) => `${sha256Of(join(folder, name))}  ${name}\n`).join(""));
  return names;
}
