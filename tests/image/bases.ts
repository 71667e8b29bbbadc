/**
 * Stand-ins for the images that the Dockerfile builds on, which cannot be pulled here: root file systems of Debian 12
 * packages. The one that is shipped on has the packages of the real one and, as it, no shell: only unpacked, never set up.
 * It shows that the executable needs nothing else; it is not the real base's bytes.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, installOnce } from "../provision/cache.ts";
import { runClient } from "../provision/registry-client.ts";
import type { ImageTools } from "./tools.ts";

const RELEASE = "bookworm";
const ENTRY = `image-bases-${RELEASE}-${process.arch}`;
/** Of the image `base-nossl` of distroless. */
const PACKAGES = "base-files,netbase,tzdata,ca-certificates,libc6";

export interface Bases {
  /** Archives of root file systems: what the build stage runs in, but for Bun; and what the image is built on. */
  readonly build: string;
  readonly base: string;
}

const basesIn = (directory: string): Bases => ({
  build: join(directory, "build.tar"),
  base: join(directory, "base.tar"),
});

export const areBasesMade = (): boolean => existsSync(join(cacheDirectory(), ENTRY));

/** Both, made once: some 20 s, 120 MB in the cache. Throws `MissingTool` when the packages cannot be had. */
export async function provisionBases({ mmdebstrap }: ImageTools): Promise<Bases> {
  return basesIn(
    await installOnce(ENTRY, async (directory) => {
      console.error(`making root file systems of Debian packages (once; later runs use the cache) …`);
      const hint = "mmdebstrap cannot make a root file system; check the network and the machine's apt sources";
      const { build, base } = basesIn(directory);
      await runClient([mmdebstrap, "--mode=root", "--variant=essential", RELEASE, build], { hint });
      await runClient([mmdebstrap, "--mode=root", "--variant=extract", `--include=${PACKAGES}`, RELEASE, base], {
        hint,
      });
    }),
  );
}
