import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDirectory } from "./cache.ts";
import { hasApt } from "./debian-package.ts";

let scratch = "";
let old = "";
let recent = "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-java-"));
  old = await fakeJava("old", "11.0.2");
  recent = await fakeJava("recent", "21.0.5");
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

test("JAVA_HOME goes first, unless it is too old", async () => {
  const newest = await fakeJava("newest", "25");
  expect(await provision({ JAVA_HOME: newest, PATH: join(recent, "bin") })).toMatchObject({
    program: join(newest, "bin", "java"),
    home: newest,
    build: "25+7-Debian",
  });
  expect(await provision({ JAVA_HOME: old, PATH: join(recent, "bin") })).toMatchObject({
    program: join(recent, "bin", "java"),
  });
});

test("without Java and apt it says what to install", async () => {
  const { missing } = await provision({ PATH: join(old, "bin") });
  expect(missing).toMatch(/^Java 17 is not to be had: install Java 17 or newer \(Debian: apt-get install /);
});

test("without Maven it says what to install", async () => {
  const { missing } = await provision(
    { JAVA_HOME: recent, PATH: join(recent, "bin"), XDG_CACHE_HOME: scratch },
    "provisionKafka",
  );
  expect(missing).toMatch(/^org\.apache\.kafka:kafka_2\.13:[\d.]+ is not to be had: no Maven .*apt-get install maven/);
});

test.skipIf(!hasApt())(
  "where Java is too old, Debian's is unpacked into the cache and runs",
  async () => {
    const { program = "", home = "" } = await provision({ PATH: `${join(old, "bin")}:${process.env.PATH}` });
    expect(program).toStartWith(cacheDirectory());
    // It reads its security settings for this, which Debian's package has behind an absolute link.
    const keytool = Bun.spawnSync([join(home, "bin", "keytool"), "-showinfo", "-tls"]);
    expect(keytool.stdout.toString()).toContain("TLSv1.3");
  },
  300_000,
);

/** A Java home whose Java only says its version. */
async function fakeJava(name: string, version: string): Promise<string> {
  const home = join(scratch, name);
  await mkdir(join(home, "bin"), { recursive: true });
  const words = `openjdk version "${version}" 2026-01-01\nOpenJDK Runtime Environment (build ${version}+7-Debian)`;
  await writeFile(join(home, "bin", "java"), `#!/bin/sh\necho '${words}' >&2\n`);
  await chmod(join(home, "bin", "java"), 0o755);
  return home;
}

interface Outcome {
  readonly program?: string;
  readonly home?: string;
  readonly build?: string;
  /** What a `MissingTool` said. */
  readonly missing?: string;
}

/** Provisions in a process with this environment, since where programs are is settled when a process starts. */
async function provision(
  env: Readonly<Record<string, string>>,
  what: "provisionJava" | "provisionKafka" = "provisionJava",
): Promise<Outcome> {
  const file = what === "provisionJava" ? "java.ts" : "kafka.ts";
  const script = `const { ${what} } = await import(${JSON.stringify(join(import.meta.dir, file))});
    const { MissingTool } = await import(${JSON.stringify(join(import.meta.dir, "missing.ts"))});
    const outcome = await ${what}().catch((error) => {
      if (error instanceof MissingTool) return { missing: error.message };
      throw error;
    });
    console.log(JSON.stringify(outcome));`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { ...process.env, JAVA_HOME: "", ...env },
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text());
}
