/**
 * Runs a step's commands as CodeBuild does, one after the other in one bash until one fails, in a copy of what they touch.
 * The environment is empty but for what a build is given, and PATH leads to the shell's own tools and stand-ins.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provisionJq } from "../provision/jq.ts";
import { ROOT } from "./buildspec.ts";
import type { World } from "./stand-in.fixture.ts";

export interface Ran {
  readonly code: number;
  readonly output: string;
  /** How aws, docker, kubectl and the like were called. */
  readonly calls: readonly string[];
  /** A file of the checkout afterwards. */
  file(path: string): Promise<string>;
}

const STOOD_IN = ["aws", "docker", "kubectl", "kustomize", "npx", "go"];
/** Of the shell's own tools. */
const OWN = ["bash", "cat", "date", "grep", "sed", "sleep", "test", "env"];

export interface CleanShell extends AsyncDisposable {
  run(commands: readonly string[], world: World, environment: Readonly<Record<string, string>>): Promise<Ran>;
}

export async function openCleanShell(): Promise<CleanShell> {
  const jq = await provisionJq();
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-pipeline-"));
  const bin = join(directory, "bin");
  await mkdir(bin);
  const link = (name: string, text: string) =>
    writeFile(join(bin, name), `#!/bin/bash\n${text}\n`).then(() => chmod(join(bin, name), 0o755));
  for (const name of STOOD_IN)
    await link(
      name,
      `STAND_IN=${name} exec '${process.execPath}' '${join(import.meta.dir, "stand-in.fixture.ts")}' "$@"`,
    );
  for (const name of OWN) await link(name, `exec '${Bun.which(name)}' "$@"`);
  await link("jq", `exec '${join(jq.binDir, "jq")}' "$@"`);
  let runs = 0;
  return {
    async run(commands, world, environment) {
      const home = join(directory, `run-${++runs}`);
      const source = join(home, "source");
      for (const path of ["infra/pipeline", "k8s/overlays"])
        await cp(join(ROOT, path), join(source, path), { recursive: true });
      await writeFile(join(home, "world.json"), JSON.stringify(world));
      const script = join(home, "commands");
      await writeFile(script, commands.map((command) => `{ ${command.trim()}\n} || exit 1\n`).join(""));
      const child = Bun.spawn([join(bin, "bash"), script], {
        cwd: source,
        env: { PATH: bin, HOME: home, CALLS: home, POLL_SECONDS: "0", ...jq.env, ...environment },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      const calls = await readFile(join(home, "calls"), "utf8").catch(() => "");
      return {
        code: await child.exited,
        output: stdout + stderr,
        calls: calls.trim().split("\n"),
        file: (path) => readFile(join(source, path), "utf8"),
      };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
