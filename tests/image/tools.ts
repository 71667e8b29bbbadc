/** What builds and runs an image without an engine: Debian's own packages, which need root. */
import { MissingTool } from "../provision/missing.ts";

export interface ImageTools {
  /** Builds the Dockerfile. */
  readonly buildah: string;
  /** Starts containers; what the usual engines use. */
  readonly runc: string;
  /** Makes a root file system of Debian packages. */
  readonly mmdebstrap: string;
}

const HINT = "needs Linux and root, and apt-get install --no-install-recommends buildah runc mmdebstrap (Debian 12)";

/** The tools of this machine, or `MissingTool`. */
export function findImageTools(): ImageTools {
  const find = (name: string) => {
    const found = Bun.which(name);
    if (found === null) throw new MissingTool(name, HINT);
    return found;
  };
  if (process.platform !== "linux" || process.getuid?.() !== 0) throw new MissingTool("an image", HINT);
  return { buildah: find("buildah"), runc: find("runc"), mmdebstrap: find("mmdebstrap") };
}

/** Runs a tool to its end; gives what it printed, or throws with it. */
export async function runTool(
  argv: readonly string[],
  { cwd, timeoutMs = 600_000 }: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const child = Bun.spawn([...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  if (code !== 0)
    throw new Error(`${argv.slice(0, 8).join(" ")} … ended with ${code}:\n${(stdout + stderr).slice(-4_000)}`);
  return stdout;
}
