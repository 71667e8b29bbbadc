import { afterAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedFiles } from "./tree.ts";

const scratch = mkdtempSync(join(tmpdir(), "genai-demo-tree-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let own = "";
let base = "";
beforeEach(() => {
  own = mkdtempSync(join(scratch, "own-"));
  base = mkdtempSync(join(scratch, "base-"));
  for (const root of [own, base]) {
    mkdirSync(join(root, "etc"));
    writeFileSync(join(root, "etc", "passwd"), "root");
    // Leads out of the image, and in a circle.
    symlinkSync("/", join(root, "etc", "outside"));
  }
});

const paths = (entries: readonly { readonly path: string }[]) => entries.map(({ path }) => path);
const seen = () => {
  const { added, changed, missing } = changedFiles(own, base);
  return { added: paths(added), changed: paths(changed), missing };
};

test("an image that is its base has nothing of its own", () => {
  expect(seen()).toEqual({ added: [], changed: [], missing: [] });
});

test("what is added is found, in whatever folder, but for what every engine makes", () => {
  mkdirSync(join(own, "root", "below"), { recursive: true });
  writeFileSync(join(own, "root", "below", ".npmrc"), "");
  mkdirSync(join(own, "proc"));
  writeFileSync(join(own, "etc", "run"), "");
  expect(seen()).toEqual({ added: ["etc/run", "root", "root/below", "root/below/.npmrc"], changed: [], missing: [] });
});

test("so is a file that is longer, one that may be written by others, and one that is gone", () => {
  writeFileSync(join(own, "etc", "passwd"), "root2");
  expect(seen().changed).toEqual(["etc/passwd"]);
  writeFileSync(join(own, "etc", "passwd"), "root");
  chmodSync(join(own, "etc", "passwd"), 0o666);
  chmodSync(join(own, "etc"), 0o777);
  expect(seen().changed.sort()).toEqual(["etc", "etc/passwd"]);
  rmSync(join(own, "etc", "outside"));
  expect(seen().missing).toEqual(["etc/outside"]);
});
