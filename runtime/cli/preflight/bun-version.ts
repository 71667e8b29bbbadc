/** Runs before the dependencies are installed: an older Bun stops at the lock file with a message that names no cause. */
import { join } from "node:path";
import { bunVersionFault, readManifest } from "./checkout.ts";

const fault = bunVersionFault(readManifest(join(import.meta.dir, "..", "..", "..")));
if (fault !== null) {
  console.error(fault);
  process.exit(1);
}
