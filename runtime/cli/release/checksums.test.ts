import { expect, test } from "bun:test";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHECKSUMS, writeChecksums } from "./checksums.ts";

test("sha256sum takes the file, and finds one that has changed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "genai-demo-checksums-"));
  try {
    await writeFile(join(folder, "one"), "1");
    await writeFile(join(folder, "two words"), "2");
    await mkdir(join(folder, "folder"));
    expect(writeChecksums(folder)).toEqual(["one", "two words"]);
    const check = () => Bun.spawnSync([...sha256sum(), "-c", CHECKSUMS], { cwd: folder });
    expect(check().exitCode).toBe(0);
    await appendFile(join(folder, "one"), "!");
    expect(check().exitCode).not.toBe(0);
    // It is not among what it is about, so it may be written again.
    writeChecksums(folder);
    expect(check().exitCode).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** macOS has it under another name. */
const sha256sum = () => (Bun.which("sha256sum") === null ? ["shasum", "-a", "256"] : ["sha256sum"]);
