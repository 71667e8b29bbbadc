import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withGo } from "./go-program.ts";
import { MissingTool } from "./missing.ts";

let scratch = "";
const before = process.env["PATH"] ?? "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-go-"));
});

afterAll(async () => {
  process.env["PATH"] = before;
  await rm(scratch, { recursive: true, force: true });
});

/** Puts a Go first in the path that says its version, and runs `install` when it is asked to install. */
async function fakeGo(version: string, install: string): Promise<void> {
  const bin = join(scratch, version);
  await mkdir(bin, { recursive: true });
  const script = `#!/bin/sh\nif [ "$1" = env ]; then echo ${version}; exit; fi\n${install}\n`;
  await writeFile(join(bin, "go"), script, { mode: 0o755 });
  process.env["PATH"] = `${bin}:${before}`;
}

const build = (name: string) => {
  const directory = join(scratch, name);
  return withGo("the tool", directory, async (go) => {
    const program = await go.install("example.org/cmd/tool", "v1.2.3");
    await go.run([program], scratch);
  });
};

test("what Go downloads and compiles goes away, with caches of its own; the program has run", async () => {
  const made = join(scratch, "made");
  await fakeGo(
    "go1.24.1",
    `echo "$* $GOFLAGS" > ${made}.flags; mkdir -p "$GOBIN" "$GOCACHE" "$GOMODCACHE"; printf '#!/bin/sh\\necho "$GOMODCACHE" > ${made}\\n' > "$GOBIN/tool"; chmod +x "$GOBIN/tool"`,
  );
  await build("caches");
  expect((await Bun.file(made).text()).trim()).toBe(join(scratch, "caches", "modules"));
  expect(await Bun.file(`${made}.flags`).text()).toContain("install example.org/cmd/tool@v1.2.3");
  expect(await Bun.file(`${made}.flags`).text()).toContain("-modcacherw");
  expect(existsSync(join(scratch, "caches"))).toBe(false);
});

test("a module that cannot be installed is built through a wrapper, at its own versions", async () => {
  const made = join(scratch, "wrapped");
  await mkdir(made);
  await fakeGo(
    "go1.24.2",
    `case "$1" in
mod) d="$GOMODCACHE/$3"; mkdir -p "$d"; echo "module $3" > "$d/go.mod"; echo sums > "$d/go.sum" ;;
build) echo "$*" >> ${made}/arguments; cp go.mod go.sum ${made}; while [ "$1" != -o ]; do shift; done; touch "$2" ;;
esac`,
  );
  const directory = join(scratch, "wrapping");
  await withGo("the tool", directory, async (go) => {
    const packages = ["one", "two"].map((program) => ({ path: `example.org/tool/cmd/${program}`, program }));
    const module = { path: "example.org/tool", version: "v1.2.3", packages, linkerValues: [["a.b", "c"]] as const };
    expect(await go.build(module, made)).toBe(join(directory, "modules", "example.org/tool@v1.2.3"));
  });
  expect((await readdir(made)).sort()).toEqual(["arguments", "go.mod", "go.sum", "one", "two"]);
  expect(await Bun.file(join(made, "go.mod")).text()).toContain("require example.org/tool v1.2.3");
  expect(await Bun.file(join(made, "go.sum")).text()).toBe("sums\n");
  expect(await Bun.file(join(made, "arguments")).text()).toContain(
    `build -mod=mod -trimpath -ldflags -s -w -X a.b=c -o ${made}/two example.org/tool/cmd/two\n`,
  );
});

test("a build that fails says so in Go's words and leaves nothing", async () => {
  await fakeGo("go1.25", "echo no such module >&2; exit 1");
  const failure = await build("failing").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MissingTool);
  expect(String(failure)).toContain("Go could not build the tool");
  expect(String(failure)).toContain("no such module");
  expect(await readdir(scratch)).not.toContain("failing");
});

test("without a Go that is new enough it says what to install", async () => {
  await fakeGo("go1.23.9", "exit 1");
  expect(String(await build("old").catch((error: unknown) => error))).toContain(
    "the tool is not to be had: no Go 1.24 or newer was found; install it (Debian: apt-get install golang",
  );
});

test("a program of a module's later major version is called after the module", async () => {
  const made = join(scratch, "major");
  await fakeGo(
    "go1.24.2",
    `mkdir -p "$GOBIN"; printf '#!/bin/sh\\ntouch ${made}\\n' > "$GOBIN/tool"; chmod +x "$GOBIN/tool"`,
  );
  await withGo("the tool", join(scratch, "major-scratch"), async (go) => {
    await go.run([await go.install("example.org/tool/v5", "v5.0.0")], scratch);
  });
  expect(existsSync(made)).toBe(true);
});

test("a module that is only downloaded is where Go puts it, until its Go goes away", async () => {
  await fakeGo("go1.24.3", `mkdir -p "$GOMODCACHE/$3" && echo here > "$GOMODCACHE/$3/file"`);
  let text = "";
  await withGo("the tool", join(scratch, "download"), async (go) => {
    text = await Bun.file(join(await go.download("example.org/tool", "v1.2.3"), "file")).text();
  });
  expect(text).toBe("here\n");
});
