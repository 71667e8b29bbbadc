/** `build`: the executables, each one file that needs nothing else. */
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Source } from "../build-info.ts";
import { systemClock } from "../clock.ts";
import { flagsOf } from "./arguments.ts";
import { packPostgres } from "./build/archive.ts";
import { compile } from "./build/compile.ts";
import { sourceOf } from "./build/source.ts";
import { TARGETS, type Target, targetOf, withNativeFolder } from "./build/targets.ts";
import { checkFiguresFile, type Figure, figureReport, stated, writeFigures } from "./figures.ts";

export const help = `Usage: genai-demo build [--target NAME] [--out DIR] [--commit SHA] [--json FILE]

Makes two executables of the source, each one file that needs no Bun, no Node and no checkout where it runs:

  genai-demo         with PostgreSQL inside: started alone, it is the whole platform with demo data
  genai-demo-server  without: what runs in a cluster, on databases that it is given

  --target NAME  for another machine, and NAME ends the files' names: ${TARGETS.join(", ")}.
                 Bun and PostgreSQL for it are downloaded
  --out DIR      where they are put (dist)
  --commit SHA   what --version is to tell of the source (default: what git says)
  --json FILE    writes their sizes

Version, commit and time are inside (--version). The same source in the same folder, commit, Bun and SOURCE_DATE_EPOCH
(seconds since 1970, for the time) make the same bytes: packages hold the path that they were built in. Exit code 0 when
both are there.

Examples:
  bun run build
  SOURCE_DATE_EPOCH=1750000000 bun run build --target linux-arm64 --out /tmp/release`;

const ROOT = join(import.meta.dir, "..", "..");

/** Runs the command; its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = flagsOf(args, { target: "string", out: "string", commit: "string", json: "string" });
  checkFiguresFile(flags.json);
  const startedAtMs = systemClock.now();
  const built = await buildExecutables({
    root: ROOT,
    out: resolve(flags.out ?? join(ROOT, "dist")),
    source: sourceOf(ROOT, flags.commit),
    target: targetOf(flags.target),
    suffix: flags.target === undefined ? "" : `-${flags.target}`,
  });
  for (const path of [built.full, built.server]) console.log(`${megabytes(path).toFixed(0).padStart(4)} MB  ${path}`);
  writeFigures(flags.json, figureReport("build", startedAtMs, sizeFigures(built), []));
  return 0;
}

export interface BuildOptions {
  readonly root: string;
  readonly out: string;
  readonly source: Source;
  /** This machine's kind when left out. */
  readonly target?: Target;
  /** At the end of the files' names. */
  readonly suffix?: string;
}

export interface Executables {
  /** With PostgreSQL inside. */
  readonly full: string;
  /** Without. */
  readonly server: string;
}

const megabytes = (path: string) => statSync(path).size / 1e6;

/** How large they are. */
export const sizeFigures = ({ full, server }: Executables): readonly Figure[] => [
  stated("build.fullMb", megabytes(full), "MB"),
  stated("build.serverMb", megabytes(server), "MB"),
];

/** Makes both; resolves with their paths. */
export async function buildExecutables(options: BuildOptions): Promise<Executables> {
  const { root, out, source, target = targetOf(undefined), suffix = "" } = options;
  const build = { ...source, target };
  mkdirSync(out, { recursive: true });
  const full = join(out, `genai-demo${suffix}`);
  const server = join(out, `genai-demo-server${suffix}`);
  // Always the same place: an executable holds the paths of what it was made of.
  const packed = join(root, "node_modules", ".cache", "genai-demo", target);
  const archive = await withNativeFolder(root, target, (native) => packPostgres(native, packed));
  await compile({ root, target, outfile: full, build, assets: [archive] });
  await compile({ root, target, outfile: server, build, assets: [] });
  return { full, server };
}
