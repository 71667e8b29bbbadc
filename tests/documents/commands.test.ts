/** Documents name commands that exist, scripts of the pipeline that exist, and files that exist. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { commandsIn, faultsIn } from "./commands.ts";

const ROOT = join(import.meta.dir, "..", "..");
const files = [
  "README.md",
  "README.zh-TW.md",
  "infra/README.md",
  ...(await Array.fromAsync(new Glob("docs/**/*.md").scan({ cwd: ROOT }))).sort(),
];
const textOf = (file: string) => Bun.file(join(ROOT, file)).text();

test.each(files)("%s names commands that exist, with flags that they have", async (file) => {
  expect(await faultsIn(file, await textOf(file))).toEqual([]);
});

test.each(files)("%s leads to files that exist", async (file) => {
  const text = await textOf(file);
  const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => join(dirname(file), path));
  const scripts = [...text.matchAll(/infra\/pipeline\/[a-z-]+(?:\.yaml)?(?![\w*.-])/g)].map(([path]) => path);
  expect([...links, ...scripts].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("many are found, in each way in which they are written", async () => {
  const all = await Promise.all(files.map(async (file) => commandsIn(await textOf(file))));
  expect(all.flat().length).toBeGreaterThan(150);
  const text = [
    "`run psql order`, `MODULES=order run serve`, `bun run cost --json FILE`",
    "```sh",
    "MODULES=order genai-demo topics --rewind-to earliest # all of it",
    "kubectl -n genai-demo get pods",
    "TOKEN=$(npx -y bun@1.4.5 run --silent token --role customer)",
    "docker build -t genai-demo .",
    "```",
    "genai-demo is not in code here",
  ].join("\n");
  expect(commandsIn(text).map(({ command, words }) => [command, ...words].join(" "))).toEqual([
    "psql order",
    "serve",
    "cost --json FILE",
    "topics --rewind-to earliest",
    "token --role customer",
  ]);
});

test.each([
  ["`run deploy`", "x.md:1: there is no command deploy"],
  ["`genai-demo reconcile --fix`", "x.md:1: reconcile has no --fix"],
  ["`bun run verify cloud`", "x.md:1: verify knows no cloud"],
  ["`genai-demo deadletters purge ID`", "x.md:1: deadletters knows no purge"],
  ["```sh\nMODULES=order genai-demo topics --rewind 1\n```", "x.md:2: topics has no --rewind"],
])("%s is found", async (text, fault) => {
  expect(await faultsIn("x.md", text)).toEqual([fault]);
});
