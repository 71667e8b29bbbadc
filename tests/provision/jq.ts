/** jq: the machine's own, else Debian's, unpacked into the cache. The build images of CodeBuild have it. */
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import { hasApt, unpackDebianPackages } from "./debian-package.ts";
import { MissingTool } from "./missing.ts";

export interface JqProgram {
  /** The directory that it is in. */
  readonly binDir: string;
  /** Where it finds its libraries, as a part of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Throws `MissingTool` when there is none and no apt to take it with. */
export async function provisionJq(): Promise<JqProgram> {
  const own = Bun.which("jq");
  if (own !== null) return { binDir: join(own, ".."), env: {} };
  if (!hasApt()) throw new MissingTool("jq", "install jq (Debian: apt-get install jq; macOS: brew install jq)");
  const root = await installOnce(`jq-${process.arch}`, (directory) => unpackDebianPackages(["jq"], directory));
  const libraries = await Array.fromAsync(new Bun.Glob("usr/lib/**/libjq.so*").scan({ cwd: root, absolute: true }));
  const directories = new Set(libraries.map((path) => join(path, "..")));
  return { binDir: join(root, "usr", "bin"), env: { LD_LIBRARY_PATH: [...directories].join(":") } };
}
