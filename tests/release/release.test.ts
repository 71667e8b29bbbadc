/** `release` as it is called: what it writes, and when it refuses. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { sha256Of } from "../../runtime/cli/release/checksums.ts";
import { refusal } from "../journeys/process.ts";

const ROOT = join(import.meta.dir, "..", "..");
const TIMEOUT_MS = 300_000;
const EPOCH = "1767323045";

const Sbom = z.object({
  metadata: z.object({
    timestamp: z.string(),
    component: z.object({
      components: z.array(z.object({ name: z.string(), hashes: z.array(z.object({ content: z.string() })) })),
    }),
  }),
});

let out = "";
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "genai-demo-release-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));

test(
  "it writes executables, the list of their parts and the sums of all of them",
  async () => {
    const { exitCode, stderr } = Bun.spawnSync(
      [process.execPath, "runtime/main.ts", "release", "--out", out, "--commit", "0123456789abcdef"],
      { cwd: ROOT, timeout: TIMEOUT_MS, env: { ...process.env, SOURCE_DATE_EPOCH: EPOCH } },
    );
    expect({ exitCode, stderr: stderr.toString() }).toMatchObject({ exitCode: 0 });
    expect((await readdir(out)).sort()).toEqual([
      "SHA256SUMS",
      "genai-demo",
      "genai-demo-server",
      "genai-demo.cdx.json",
    ]);
    const sums = await Bun.file(join(out, "SHA256SUMS")).text();
    for (const name of ["genai-demo", "genai-demo-server", "genai-demo.cdx.json"])
      expect(sums).toContain(`${sha256Of(join(out, name))}  ${name}\n`);
    const { metadata } = Sbom.parse(await Bun.file(join(out, "genai-demo.cdx.json")).json());
    expect(metadata.timestamp).toBe(new Date(Number(EPOCH) * 1000).toISOString());
    for (const { name, hashes } of metadata.component.components)
      expect(hashes[0]?.content).toBe(sha256Of(join(out, name)));
    const { stdout } = Bun.spawnSync([join(out, "genai-demo-server"), "--version"]);
    expect(stdout.toString()).toContain("0123456789abcdef");
  },
  TIMEOUT_MS,
);

test("it makes no release of a source that nobody can name later", async () => {
  expect(await refusal(["release", "--out", out], { GIT_DIR: "/nowhere" })).toContain("say it with --commit SHA");
});

test("it does not sign for what it has not made", async () => {
  const names = ["notes.txt", "genai-demo-linux-arm64"];
  for (const name of names) await writeFile(join(out, name), "");
  const line = await refusal(["release", "--out", out, "--commit", "0"]);
  for (const name of names) expect(line).toContain(name);
});
