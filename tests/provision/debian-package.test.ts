import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepLinksInside } from "./debian-package.ts";

let scratch = "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-package-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

test("an unpacked package reads its own files, also where it is moved to", async () => {
  const root = join(scratch, "root");
  await mkdir(join(root, "etc", "tool"), { recursive: true });
  await mkdir(join(root, "usr", "lib", "tool"), { recursive: true });
  await writeFile(join(root, "etc", "tool", "settings"), "its own");
  await symlink("/etc/tool/settings", join(root, "usr", "lib", "tool", "settings"));
  await symlink("/etc/not-in-the-package", join(root, "usr", "lib", "tool", "outside"));
  await keepLinksInside(root);
  const moved = join(scratch, "moved");
  await rename(root, moved);
  expect(await readFile(join(moved, "usr", "lib", "tool", "settings"), "utf8")).toBe("its own");
  expect(await readlink(join(moved, "usr", "lib", "tool", "outside"))).toBe("/etc/not-in-the-package");
});
