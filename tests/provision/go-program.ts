/**
 * Builds programs from Go modules with the machine's own Go and its settings. What Go downloads and compiles on the way
 * goes into a directory of ours and away with it: only the program is kept.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type WrappedModule, writeWrapper } from "./go-wrapper.ts";
import { MissingTool } from "./missing.ts";
import { runClient } from "./registry-client.ts";

/** Four minutes on two idle cores; a busy machine takes longer. */
const BUILD_TIMEOUT_MS = 1_500_000;
/** How long another process that builds the same may be waited for. */
export const BUILD_WAIT_MS = BUILD_TIMEOUT_MS;
/** Its Go has to understand the modules' go.mod. */
const OLDEST_MINOR = 24;

export interface GoBuild {
  /** `go install MODULE@VERSION`; answers where the program is. */
  install(module: string, version: string): Promise<string>;
  /** Downloads a module without building it; answers where its files are. */
  download(module: string, version: string): Promise<string>;
  /**
   * Builds programs of a module that `install` refuses, because its go.mod replaces others. They come into `directory`;
   * answers where the module's own files are, which go away with its Go.
   */
  build(module: WrappedModule, directory: string): Promise<string>;
  /** Runs a program that calls Go itself. */
  run(argv: readonly string[], cwd: string): Promise<void>;
}

/**
 * Gives `build` a Go with caches of its own under `scratch`, and removes them. Throws `MissingTool` without a Go of
 * `oldestMinor` or newer.
 */
export async function withGo(
  tool: string,
  scratch: string,
  build: (go: GoBuild) => Promise<void>,
  oldestMinor = OLDEST_MINOR,
): Promise<void> {
  const go = findGo(tool, oldestMinor);
  const bin = join(scratch, "bin");
  const env = {
    GOBIN: bin,
    GOCACHE: join(scratch, "cache"),
    GOMODCACHE: join(scratch, "modules"),
    // Without -modcacherw only root could remove what was downloaded.
    GOFLAGS: `${process.env["GOFLAGS"] ?? ""} -modcacherw -buildvcs=false`.trim(),
    CGO_ENABLED: "0",
  };
  const run = (argv: readonly string[], cwd: string) =>
    runClient(argv, {
      hint: `Go could not build ${tool}; check the network and \`go env GOPROXY\`, then try again`,
      env,
      cwd,
      timeoutMs: BUILD_TIMEOUT_MS,
      givesWay: true,
    });
  const download = async (module: string, version: string) => {
    await run([go, "mod", "download", `${module}@${version}`], scratch);
    return join(env.GOMODCACHE, `${module}@${version}`);
  };
  try {
    await mkdir(scratch, { recursive: true });
    await build({
      run,
      download,
      async install(module, version) {
        await run([go, "install", `${module}@${version}`], scratch);
        // What stands behind the last slash may be the major version.
        const [last = module, before = last] = module.split("/").reverse();
        return join(bin, /^v\d+$/.test(last) ? before : last);
      },
      async build(module, directory) {
        const wrapper = join(scratch, "wrapper");
        await mkdir(wrapper, { recursive: true });
        const files = await download(module.path, module.version);
        await writeWrapper(module, files, wrapper);
        const linker = (module.linkerValues ?? []).map(([name, value]) => `-X ${name}=${value}`);
        for (const each of module.packages) {
          const program = join(directory, each.program);
          const flags = ["-mod=mod", "-trimpath", "-ldflags", ["-s -w", ...linker].join(" ")];
          await run([go, "build", ...flags, "-o", program, each.path], wrapper);
        }
        return files;
      },
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function findGo(tool: string, oldestMinor: number): string {
  const program = Bun.which("go", { PATH: process.env["PATH"] ?? "" });
  const asked = program === null ? undefined : Bun.spawnSync([program, "env", "GOVERSION"], { timeout: 20_000 });
  const minor = Number(/^go1\.(\d+)/.exec(asked?.stdout.toString() ?? "")?.[1]);
  if (program !== null && minor >= oldestMinor) return program;
  throw new MissingTool(
    tool,
    `no Go 1.${oldestMinor} or newer was found; install it (Debian: apt-get install golang; macOS: brew install go) and run again`,
  );
}
