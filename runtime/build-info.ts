/** Which build of the platform this is: `build` writes it into an executable, a checkout has its version alone. */
import { version as ofPackage } from "../package.json";

declare global {
  /** A `Build` as JSON, in an executable; the bundler puts the text in its place. */
  const GENAI_DEMO_BUILD: string | undefined;
}

/** What an executable is made of, and when. */
export interface Source {
  /** Null where it is not known. One with changes that are not committed ends in `-modified`. */
  readonly commit: string | null;
  /** RFC 3339. */
  readonly builtAt: string;
}

export interface Build extends Source {
  /** `linux-x64` and so on. */
  readonly target: string;
}

/** What operators and clients are told: in /ops/topology, in telemetry, in documents, by `--version`. */
export const version: string = ofPackage;

/** Null in a checkout. */
// `build` is the only writer.
export const build = typeof GENAI_DEMO_BUILD === "undefined" ? null : (JSON.parse(GENAI_DEMO_BUILD) as Build);

/** What `--version` prints: the first line for programs, with the version as its second word. */
export function describeBuild(): string {
  if (build === null) return `genai-demo ${version} (a checkout, Bun ${Bun.version})`;
  const { commit, builtAt, target } = build;
  return `genai-demo ${version}
commit    ${commit ?? "unknown"}
built     ${builtAt}
for       ${target}, with Bun ${Bun.version}`;
}
