/** bunfig.toml keeps away from what was published a moment ago: tried with a registry of our own on loopback. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
const INSTALL_TIMEOUT_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1000;

let scratch = "";
let registry: ReturnType<typeof Bun.serve>;

interface Published {
  readonly version: string;
  readonly daysAgo: number;
}

const VERSIONS: readonly Published[] = [
  { version: "1.0.0", daysAgo: 30 },
  { version: "1.1.0", daysAgo: 8 },
  { version: "1.2.0", daysAgo: 6 },
  { version: "1.3.0", daysAgo: 0.01 },
];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-release-age-"));
  const tarballs = new Map<string, Uint8Array>();
  for (const { version } of VERSIONS) {
    const folder = join(scratch, version, "package");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "fresh", version }));
    const tarball = join(scratch, `${version}.tgz`);
    await Bun.$`tar czf ${tarball} -C ${join(scratch, version)} package`.quiet();
    tarballs.set(version, await Bun.file(tarball).bytes());
  }
  registry = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, origin } = new URL(request.url);
      const tarball = tarballs.get(/^\/tarball\/(.+)\.tgz$/.exec(pathname)?.[1] ?? "");
      if (tarball !== undefined) return new Response(tarball);
      if (pathname !== "/fresh") return new Response("not found", { status: 404 });
      return Response.json({
        name: "fresh",
        "dist-tags": { latest: VERSIONS.at(-1)?.version },
        time: Object.fromEntries(
          VERSIONS.map(({ version, daysAgo }) => [version, new Date(Date.now() - daysAgo * DAY_MS).toISOString()]),
        ),
        versions: Object.fromEntries(
          VERSIONS.map(({ version }) => [
            version,
            {
              name: "fresh",
              version,
              dist: {
                tarball: `${origin}/tarball/${version}.tgz`,
                integrity: `sha512-${createHash("sha512")
                  .update(tarballs.get(version) ?? "")
                  .digest("base64")}`,
              },
            },
          ]),
        ),
      });
    },
  });
});

afterAll(async () => {
  await registry?.stop(true);
  await rm(scratch, { recursive: true, force: true });
});

/** Installs `fresh` in an empty project with our bunfig.toml; gives its output and what is installed. */
async function install(range: string) {
  const project = await mkdtemp(join(scratch, "project-"));
  // Its preloads are scripts of this checkout.
  const settings = (await Bun.file(join(ROOT, "bunfig.toml")).text()).replaceAll(/^preload = .*$/gm, "");
  await writeFile(join(project, "bunfig.toml"), settings);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "project", dependencies: { fresh: range } }));
  const child = Bun.spawn([process.execPath, "install"], {
    cwd: project,
    timeout: INSTALL_TIMEOUT_MS,
    stdout: "pipe",
    stderr: "pipe",
    env: {
      ...process.env,
      npm_config_registry: registry.url.href,
      NPM_CONFIG_REGISTRY: registry.url.href,
      BUN_CONFIG_REGISTRY: registry.url.href,
      BUN_INSTALL_CACHE_DIR: join(project, ".cache"),
      HOME: project,
    },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const manifest = Bun.file(join(project, "node_modules", "fresh", "package.json"));
  const installed: unknown = (await manifest.exists()) ? await manifest.json() : null;
  return { code: await child.exited, output: stdout + stderr, installed };
}

test("of what a range allows, the newest that is a week old is taken", async () => {
  const { code, output, installed } = await install("^1.0.0");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(installed).toMatchObject({ version: "1.1.0" });
});

test("a version that is younger is refused when it is asked for by number", async () => {
  const { code, output, installed } = await install("1.3.0");
  expect(code).not.toBe(0);
  expect(output).toContain("1.3.0");
  expect(installed).toBeNull();
});
