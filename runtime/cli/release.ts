/** `release`: what is handed out: the executables, the list of their parts, the sums that tell whether a file is whole. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import packageJson from "../../package.json";
import { StartError } from "../start-error.ts";
import { flagsOf } from "./arguments.ts";
import { sourceOf } from "./build/source.ts";
import { buildExecutables } from "./build.ts";
import { CHECKSUMS, sha256Of, writeChecksums } from "./release/checksums.ts";
import { shippedPackages } from "./release/lock-file.ts";
import { makeSbom } from "./release/sbom.ts";

export const help = `Usage: genai-demo release [--out DIR] [--commit SHA]

Builds the executables for this machine's kind, and writes beside them:

  genai-demo.cdx.json  what they are made of, as CycloneDX 1.6: packages with licence and hash, Bun, PostgreSQL
  SHA256SUMS           of every file in the folder; sha256sum -c SHA256SUMS tells whether they are whole

  --out DIR     where they are put (dist); nothing else may lie there: it would be signed for
  --commit SHA  the source's commit, where git cannot say it; without it that is refused, and a checkout with changes

The same source, Bun and SOURCE_DATE_EPOCH make the same bytes. Exit code 0 when all is there, and the list is as the
official schema has it.

Example: SOURCE_DATE_EPOCH=1750000000 bun run release --out /tmp/release`;

const ROOT = join(import.meta.dir, "..", "..");
const SBOM = "genai-demo.cdx.json";
/** What a release before may have left. An executable for another machine's kind is not made anew, and is in no list. */
const OURS = new Set(["genai-demo", "genai-demo-server", SBOM, CHECKSUMS]);

/** Runs the command; its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = flagsOf(args, { out: "string", commit: "string" });
  const out = resolve(flags.out ?? join(ROOT, "dist"));
  const { commit, builtAt } = sourceOf(ROOT, flags.commit);
  if (commit?.endsWith("-modified"))
    throw new StartError(
      "The checkout has changes that are not committed: commit them, or say what it is with --commit",
    );
  if (commit === null)
    throw new StartError(
      "Git does not tell which commit this is (no repository, no git, or one that belongs to another user): say it with --commit SHA, or nobody can tell later what was released",
    );
  const source = { commit, builtAt };
  mkdirSync(out, { recursive: true });
  const strangers = readdirSync(out).filter((name) => !OURS.has(name));
  if (strangers.length > 0)
    throw new StartError(
      `${out} has ${strangers.join(", ")}, which would be signed for: remove it, or name another --out`,
    );
  const { full, server } = await buildExecutables({ root: ROOT, out, source });
  const sbom = await makeSbom({
    version: packageJson.version,
    license: packageJson.license,
    source,
    executables: [full, server].map((path) => ({ name: path.slice(out.length + 1), sha256: sha256Of(path) })),
    packages: shippedPackages(readFileSync(join(ROOT, "bun.lock"), "utf8")),
    nodeModules: join(ROOT, "node_modules"),
  });
  writeFileSync(join(out, SBOM), sbom);
  for (const name of [...writeChecksums(out), CHECKSUMS]) console.log(join(out, name));
  return 0;
}
