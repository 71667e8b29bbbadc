import { expect, test } from "bun:test";
import { join } from "node:path";
import packageJson from "../../package.json";

const ROOT = join(import.meta.dir, "..", "..");

function commands(): readonly string[] {
  const { stdout } = Bun.spawnSync([process.execPath, "runtime/main.ts", "--help"], { cwd: ROOT });
  return [...stdout.toString().matchAll(/^ {2}(\S+) /gm)].flatMap(([, name]) => name ?? []);
}

test("each command is there under its name as a script of package.json, which is how the README calls it", () => {
  const scripts: Readonly<Record<string, string>> = packageJson.scripts;
  const known = commands();
  expect(known).toContain("dev");
  expect(Object.keys(scripts).sort()).toEqual([...known].sort());
  for (const name of known) expect(scripts[name]).toEndWith(`bun runtime/main.ts ${name}`);
});
