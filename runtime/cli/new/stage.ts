/**
 * A copy of the checkout in which something new is tried out. Generators and the formatter run there, so whatever fails
 * leaves the checkout as it was; what has changed is then taken over as a whole. What they must not overwrite is judged
 * before.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { StartError } from "../../start-error.ts";

/** What generators and the formatter read. */
const COPIED = [
  "modules",
  "runtime",
  "docs",
  "k8s",
  "modules.json",
  "package.json",
  "tsconfig.json",
  "biome.json",
  "bunfig.toml",
];
const TOOL_TIMEOUT_MS = 120_000;

/** Texts by path, from the checkout's root. */
export type Files = Readonly<Record<string, string>>;

export interface Stage {
  write(files: Files): Promise<void>;
  read(path: string): Promise<string>;
  /** Runs a program of Bun's in the copy; a `StartError` with what it said when it fails. */
  run(argv: readonly string[]): Promise<void>;
  /** Takes what differs over into the checkout; the paths. */
  takeOver(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** Copies the checkout at `root`; the installed packages are shared. */
export async function openStage(root: string): Promise<Stage> {
  const copy = await mkdtemp(join(tmpdir(), "genai-demo-new-"));
  for (const name of COPIED)
    if (existsSync(join(root, name))) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  const changed = async () => {
    const within = ["modules/**/*", "docs/**/*", "k8s/shapes/**/*"].map((glob) =>
      Array.fromAsync(new Glob(glob).scan({ cwd: copy })),
    );
    const paths = ["modules.json", ...(await Promise.all(within)).flat()];
    const files = await Promise.all(
      paths.sort().map(async (path) => ({ path, text: await readFile(join(copy, path), "utf8") })),
    );
    const before = await Promise.all(
      files.map(({ path }) => readFile(join(root, path), "utf8").catch(() => undefined)),
    );
    return files.filter(({ text }, index) => text !== before[index]);
  };
  return {
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(copy, path)), { recursive: true });
        await writeFile(join(copy, path), text);
      }
    },
    read: (path) => readFile(join(copy, path), "utf8"),
    async run(argv) {
      const child = Bun.spawn([process.execPath, ...argv], {
        cwd: copy,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: TOOL_TIMEOUT_MS,
        env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
      });
      const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      if ((await child.exited) === 0) return;
      throw new StartError(
        `nothing was written: ${argv.slice(0, 2).join(" ")} says ${said.join("").trim().slice(-2000)}`,
      );
    },
    async takeOver() {
      const files = await changed();
      for (const { path, text } of files) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
      return files.map(({ path }) => path);
    },
    remove: () => rm(copy, { recursive: true, force: true }),
  };
}
