/**
 * The release before this one, as a program to run: tests/upgrade/previous/ holds it as one file, packed, and what is
 * known of it. It is unpacked under node_modules, from where it finds the embedded PostgreSQL; what is unpacked is held
 * against the recorded hash each time, so that a file that was tampered with or cut short never runs.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "bun";
import * as z from "zod";
import { type Program, programIn } from "../journeys/process.ts";

const ROOT = join(import.meta.dir, "..", "..");
export const PREVIOUS = join(import.meta.dir, "previous");

const released = z.strictObject({
  /** The tag. */
  version: z.string(),
  revision: z.string().regex(/^[0-9a-f]{40}$/),
  /** Of the unpacked program. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** By schema, in the order in which they ran. */
  migrations: z.record(z.string(), z.array(z.strictObject({ id: z.string(), sha256: z.string() }))),
});
export type Released = z.infer<typeof released>;

/** A release as a program to run. */
export interface Release extends Program {
  readonly version: string;
}

/** What is known of the previous release. */
export const previousRelease = (): Released =>
  released.parse(JSON.parse(readFileSync(join(PREVIOUS, "release.json"), "utf8")));

export const releaseText = (release: Released) => `${JSON.stringify(release, null, 2)}\n`;

const digestOf = (program: Uint8Array) => createHash("sha256").update(program).digest("hex");

/** The previous release, unpacked. */
export async function previousProgram(): Promise<Release> {
  const { version, sha256 } = previousRelease();
  const folder = join(ROOT, "node_modules", ".cache", `genai-demo-${sha256.slice(0, 16)}`);
  const place = join(folder, "main.js");
  if (!existsSync(place) || digestOf(await readFile(place)) !== sha256) {
    const program = zstdDecompressSync(await readFile(join(PREVIOUS, "main.js.zst")));
    const found = digestOf(program);
    if (found !== sha256)
      throw new Error(`tests/upgrade/previous/main.js.zst unpacks to ${found}, not ${sha256}: restore it from git`);
    await mkdir(folder, { recursive: true });
    // Renamed, so that another test that starts at the same time never runs half of it.
    const part = `${place}.${process.pid}`;
    await writeFile(part, program);
    await rename(part, place);
  }
  return { version, folder, entry: "main.js" };
}

/** This checkout's program. */
export const thisProgram = (): Release => ({ version: "this", ...programIn(ROOT) });
