/** What of a checkout must fit before its code can be loaded: the runtime's version, and what is installed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Manifest {
  readonly packageManager: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The parts of package.json that matter here. Its form is ours. */
export const readManifest = (root: string) => JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** The command that runs the Bun which the checkout is made for. */
export const bunCommand = ({ packageManager }: Manifest): string => `npx -y ${packageManager}`;

/** Whether the running Bun is older or newer than the one that the checkout is made for; 0 when it is that one. */
export const compareBun = ({ packageManager }: Manifest): number =>
  Bun.semver.order(Bun.version, packageManager.replace(/^bun@/, ""));

/** Why the running Bun will not do, or null. A newer one may. */
export function bunVersionFault(manifest: Manifest): string | null {
  if (compareBun(manifest) >= 0) return null;
  return `This is Bun ${Bun.version}, and package.json asks for ${manifest.packageManager}: put \`${bunCommand(manifest)}\` where you wrote \`bun\``;
}

/** The first dependency that is not installed in the version asked for, in words; null when all are. */
export function missingDependency(root: string, { dependencies }: Manifest): string | null {
  for (const [name, wanted] of Object.entries(dependencies)) {
    const installed = installedVersion(root, name);
    if (installed === null) return `${name} is missing`;
    if (installed !== wanted) return `${name} is ${installed} instead of ${wanted}`;
  }
  return null;
}

function installedVersion(root: string, name: string): string | null {
  try {
    const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
    return String(version);
  } catch {
    return null;
  }
}
