/**
 * Containers of the image as a pod has them: by runc, its user, no capability, no new privileges, a root file system that
 * is read-only, a /tmp in memory that runs nothing, a limit of memory. The network is the machine's, so that they reach
 * servers on loopback. A container never outlives this process.
 */
import { chown, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { becameReady, type Environment, type PlatformProcess } from "../journeys/process.ts";
import { startGuard } from "../provision/guard.ts";
import type { BuiltImage } from "./build.ts";
import { type ImageTools, runTool } from "./tools.ts";

const STOP_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 45_000;
const MEMORY_LIMIT_BYTES = 512 * 2 ** 20;

export interface Ended {
  readonly code: number;
  readonly output: string;
}

export interface RunningContainer extends PlatformProcess {
  /** Runs the image's program beside the process that runs in it, as `HEALTHCHECK` and `docker exec` do. */
  exec(args: readonly string[]): Promise<Ended>;
}

export interface Containers {
  /** Runs a command of the image to its end. */
  run(args: readonly string[], env?: Environment): Promise<Ended>;
  /** Starts one and waits until it is ready; without arguments what the image starts by itself. */
  start(args: readonly string[], env?: Environment): Promise<RunningContainer>;
}

const State = z.object({ pid: z.int() });

/** Containers of an image; what they are made of lies in `directory`. */
export function containersOf({ runc }: ImageTools, image: BuiltImage, directory: string): Containers {
  const states = join(directory, "runc");
  const runcWords = (...words: readonly string[]) => [runc, "--root", states, ...words];

  async function create(args: readonly string[], env: Environment) {
    const id = `genai-demo-${crypto.randomUUID()}`;
    const bundle = join(directory, id);
    await mkdir(bundle, { recursive: true });
    if (env["DATA_DIR"] !== undefined) await giveToUser(env["DATA_DIR"], image);
    await writeFile(join(bundle, "config.json"), JSON.stringify(specOf(image, id, args, env)));
    const child = Bun.spawn(runcWords("run", "--bundle", bundle, id), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const guard = startGuard('"$1" --root "$2" delete --force "$3"', runc, states, id);
    let output = "";
    const collect = async (stream: ReadableStream<Uint8Array>) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
    };
    const written = Promise.all([collect(child.stdout), collect(child.stderr)]);
    const kill = (signal: "TERM" | "KILL") => runTool(runcWords("kill", id, signal)).catch(() => undefined);
    const ended = Promise.all([child.exited, written]).then(async ([code]) => {
      await guard.release();
      return code;
    });
    return { id, kill, ended, output: () => output, isEnded: () => child.exitCode !== null };
  }

  /** Asks it to end, and ends it when it does not. */
  async function stop({ kill, ended }: Awaited<ReturnType<typeof create>>): Promise<number> {
    await kill("TERM");
    const force = setTimeout(() => kill("KILL"), STOP_TIMEOUT_MS);
    const code = await ended;
    clearTimeout(force);
    return code;
  }

  return {
    async run(args, env = {}) {
      const container = await create(args, env);
      const force = setTimeout(() => container.kill("KILL"), COMMAND_TIMEOUT_MS);
      const code = await container.ended;
      clearTimeout(force);
      return { code, output: container.output() };
    },
    async start(args, env = {}) {
      const ports = {
        PORT: env["PORT"] ?? String(await freeServerPort()),
        INTERNAL_PORT: env["INTERNAL_PORT"] ?? String(await freeServerPort()),
      };
      const container = await create(args, { HOST: "127.0.0.1", CARRIER_STEP_MS: "0", ...env, ...ports });
      const url = `http://127.0.0.1:${ports.PORT}`;
      if (!(await becameReady(url, container.isEnded))) {
        await stop(container);
        throw new Error(`${args.join(" ")} in a container did not become ready:\n${container.output()}`);
      }
      const { pid } = State.parse(JSON.parse(await runTool(runcWords("state", container.id))));
      const internalUrl = `http://127.0.0.1:${ports.INTERNAL_PORT}`;
      return {
        pid,
        port: Number(ports.PORT),
        url,
        internalUrl,
        internalUrls: [internalUrl],
        output: container.output,
        exited: container.ended,
        stop: () => stop(container),
        async kill() {
          await container.kill("KILL");
          await container.ended;
        },
        async exec(words) {
          const child = Bun.spawn(runcWords("exec", container.id, ...image.config.Entrypoint, ...words), {
            stdin: "ignore",
            stdout: "pipe",
            stderr: "pipe",
            timeout: COMMAND_TIMEOUT_MS,
          });
          const outputs = [new Response(child.stdout).text(), new Response(child.stderr).text()];
          const output = (await Promise.all(outputs)).join("");
          return { code: await child.exited, output };
        },
      };
    },
  };
}

const userOf = ({ config }: BuiltImage) => {
  const [uid = 0, gid = 0] = config.User.split(":").map(Number);
  return { uid, gid };
};

/** A directory that is mounted belongs to the image's user, as `fsGroup` makes it in a pod. */
async function giveToUser(path: string, image: BuiltImage): Promise<void> {
  const { uid, gid } = userOf(image);
  const below = await readdir(path, { recursive: true });
  for (const each of [path, ...below.map((name) => join(path, name))]) await chown(each, uid, gid);
}

/** What runc is told (the OCI runtime specification). */
function specOf(image: BuiltImage, id: string, args: readonly string[], env: Environment) {
  const { config, root } = image;
  const given = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const data = env["DATA_DIR"];
  const memory = (destination: string, ...options: readonly string[]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "nodev", ...options],
  });
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: userOf(image),
      args: [...config.Entrypoint, ...(args.length > 0 ? args : config.Cmd)],
      env: [...config.Env, ...given],
      cwd: config.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path: root, readonly: true },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      memory("/tmp", "noexec", "mode=1777"),
      ...(data === undefined ? [] : [{ destination: data, type: "bind", source: data, options: ["bind", "rw"] }]),
    ],
    linux: {
      cgroupsPath: `/${id}`,
      resources: { memory: { limit: MEMORY_LIMIT_BYTES } },
      namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })),
    },
  };
}
