/** Builds the image from the real Dockerfile with buildah, on the stand-ins for its bases. */
import { join } from "node:path";
import * as z from "zod";
import type { Bases } from "./bases.ts";
import { type ImageTools, runTool } from "./tools.ts";

const ROOT = join(import.meta.dir, "..", "..");
const NAME = "localhost/genai-demo";
const BUILD_STAND_IN = `${NAME}-bun`;
const BASE_STAND_IN = `${NAME}-base`;

/** What an image says of itself, as far as it is looked at here. */
const Config = z.object({
  User: z.string(),
  Env: z.array(z.string()),
  Entrypoint: z.array(z.string()),
  Cmd: z.array(z.string()),
  WorkingDir: z.string(),
  ExposedPorts: z.record(z.string(), z.unknown()),
  Healthcheck: z.object({ Test: z.array(z.string()) }),
  Labels: z.record(z.string(), z.string()),
});
const Inspected = z.object({ Docker: z.object({ config: Config }) });

export type ImageConfig = z.infer<typeof Config>;

export interface BuiltImage {
  readonly config: ImageConfig;
  /** Where its root file system lies. */
  readonly root: string;
  /** The same of what it is built on. */
  readonly baseRoot: string;
}

export interface BuildArguments {
  readonly commit: string;
  /** RFC 3339. */
  readonly created: string;
  readonly source: string;
}

/** Builds it in `directory`, which needs room for 2 GB. */
export async function buildImage(
  { buildah }: ImageTools,
  bases: Bases,
  directory: string,
  { commit, created, source }: BuildArguments,
): Promise<BuiltImage> {
  const store = ["--root", join(directory, "store"), "--runroot", join(directory, "run"), "--storage-driver", "vfs"];
  const run = async (...words: readonly string[]) => (await runTool([buildah, ...store, ...words])).trim();
  const mount = async (image: string) => run("mount", await run("from", "--pull-never", image));
  const importTar = async (tar: string, name: string, add: (container: string) => Promise<unknown>) => {
    const container = await run("from", "scratch");
    await run("add", container, tar, "/");
    await add(container);
    await run("commit", "--quiet", container, name);
    await run("rm", container);
  };
  await importTar(bases.base, BASE_STAND_IN, async () => undefined);
  await importTar(bases.build, BUILD_STAND_IN, (container) =>
    run("copy", "--chmod", "0755", container, process.execPath, "/usr/local/bin/bun"),
  );
  const given = {
    BUN_IMAGE: BUILD_STAND_IN,
    BASE_IMAGE: BASE_STAND_IN,
    COMMIT: commit,
    CREATED: created,
    SOURCE: source,
  };
  const packages = (await runTool([process.execPath, "pm", "cache"], { cwd: ROOT })).trim();
  await run(
    ...["bud", "--isolation", "chroot", "--pull-never", "--format", "docker", "--tag", NAME],
    ...Object.entries(given).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    // What the checkout has installed need not be downloaded again. An engine downloads it.
    ...["--volume", `${packages}:/root/.bun/install/cache`],
    ROOT,
  );
  const { Docker } = Inspected.parse(JSON.parse(await run("inspect", "--type", "image", NAME)));
  return { config: Docker.config, root: await mount(NAME), baseRoot: await mount(BASE_STAND_IN) };
}
