/** A Java runtime: the machine's own where it is new enough, else Debian's, unpacked into the cache. */
import { existsSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { installOnce } from "./cache.ts";
import { hasApt, unpackDebianPackage } from "./debian-package.ts";
import { MissingTool } from "./missing.ts";

const OLDEST_MAJOR = 17;
const DEBIAN_PACKAGES = ["openjdk-17-jre-headless", "openjdk-21-jre-headless", "openjdk-25-jre-headless"];
const HINT = `install Java ${OLDEST_MAJOR} or newer (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk) or set JAVA_HOME to it, and run again`;

export interface Java {
  readonly program: string;
  /** What JAVA_HOME is for it. */
  readonly home: string;
  /** Names this very build. */
  readonly build: string;
}

/** Java 17 or newer. Throws `MissingTool` when there is none and no apt to take it with. */
export async function provisionJava(): Promise<Java> {
  const home = process.env.JAVA_HOME;
  const candidates = [home === undefined || home === "" ? null : join(home, "bin", "java"), Bun.which("java")];
  for (const program of candidates) {
    const java = program === null ? undefined : inspect(program);
    if (java !== undefined) return java;
  }
  if (!hasApt()) throw new MissingTool(`Java ${OLDEST_MAJOR}`, HINT);
  const java = inspect(await programUnder(await installOnce(`java-${process.arch}`, unpackRuntime)));
  if (java === undefined) throw new MissingTool(`Java ${OLDEST_MAJOR}`, `Debian's does not run here; ${HINT}`);
  return java;
}

/** What stands behind `program`; `undefined` when it does not run or is too old. */
function inspect(program: string): Java | undefined {
  if (!existsSync(program)) return undefined;
  const { exitCode, stderr } = Bun.spawnSync([program, "-version"], { stdout: "ignore", stderr: "pipe" });
  const words = stderr.toString();
  const major = Number(/version "(\d+)/.exec(words)?.[1]);
  const build = /\(build ([^,)]+)\)/.exec(words)?.[1];
  if (exitCode !== 0 || build === undefined || !(major >= OLDEST_MAJOR)) return undefined;
  return { program, home: dirname(dirname(realpathSync(program))), build };
}

async function unpackRuntime(directory: string): Promise<void> {
  await unpackDebianPackage(DEBIAN_PACKAGES, directory);
  // The archive of the runtime's own classes is made when the package is configured, which nobody does here.
  Bun.spawnSync([await programUnder(directory), "-Xshare:dump"], { stdout: "ignore", stderr: "ignore" });
}

async function programUnder(root: string): Promise<string> {
  const runtimes = join(root, "usr", "lib", "jvm");
  for (const name of await readdir(runtimes)) {
    const program = join(runtimes, name, "bin", "java");
    if (existsSync(program)) return program;
  }
  throw new Error(`no Java in ${runtimes}`);
}
