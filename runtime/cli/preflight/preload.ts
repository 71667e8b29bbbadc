/**
 * Runs before `main.ts` is loaded (bunfig.toml names it): what would make loading fail with a page of text, or with none
 * at all, is one line here. It imports nothing that must be installed.
 *
 * An older Bun than package.json's is refused, because nobody has tried the platform on it; a newer one is named and may
 * go on.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../error-text.ts";
import { bunCommand, bunVersionFault, compareBun, missingDependency, readManifest } from "./checkout.ts";
import { envFileFault } from "./env-file.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");
/** Those that Bun reads from the working directory. */
const ENV_FILES = [".env", ".env.development", ".env.local", ".env.development.local"];

function fault(): string | null {
  const manifest = readManifest(ROOT);
  const unfit = bunVersionFault(manifest);
  if (unfit !== null) return unfit;
  const command = bunCommand(manifest);
  if (compareBun(manifest) > 0 && !process.argv.includes("--supervised"))
    console.error(
      `This is Bun ${Bun.version}; the platform is tested with ${manifest.packageManager} (\`${command}\`)`,
    );
  const missing = missingDependency(ROOT, manifest);
  if (missing !== null) return `The dependencies are not installed (${missing}): run \`${command} install\``;
  for (const name of ENV_FILES) {
    const found = faultOfFile(name);
    if (found !== null) return `${join(process.cwd(), name)} ${found}`;
  }
  return null;
}

function faultOfFile(file: string): string | null {
  if (!existsSync(file)) return null;
  try {
    return envFileFault(readFileSync(file, "utf8"));
  } catch (error) {
    return `cannot be read (${messageOf(error)}): make it readable, or remove it`;
  }
}

// Other scripts that Bun runs in the checkout (the compiler, the linter) are none of its business.
if (Bun.main === join(ROOT, "runtime", "main.ts")) {
  const found = fault();
  if (found !== null) {
    console.error(found);
    process.exit(1);
  }
}
