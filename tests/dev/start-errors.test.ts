/** What a newcomer meets at a start: one line that says what to do. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { administer } from "../journeys/external-data.ts";
import { programIn, refusal, runCommand } from "../journeys/process.ts";
import { startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { type Checkout, copyCheckout } from "./checkout.ts";

let checkout: Checkout;
beforeAll(async () => {
  checkout = await copyCheckout();
});
afterAll(() => checkout.remove());

const dev = (env: Readonly<Record<string, string>> = {}) =>
  refusal(["dev", "--data", checkout.dataDir], env, programIn(checkout.root));

async function asBun(version: string, work: () => Promise<void>) {
  const file = join(checkout.root, "package.json");
  const before = await readFile(file, "utf8");
  await writeFile(file, before.replace(/"bun@[^"]*"/, `"bun@${version}"`));
  await work().finally(() => writeFile(file, before));
}

test("an older Bun is refused, before and after the installation; a newer one is named", async () => {
  await asBun("99.0.0", async () => {
    const line = `This is Bun ${Bun.version}, and package.json asks for bun@99.0.0: put \`npx -y bun@99.0.0\` where you wrote \`bun\``;
    expect(await dev()).toBe(line);
    const first = Bun.spawnSync([process.execPath, "runtime/cli/preflight/bun-version.ts"], { cwd: checkout.root });
    expect([first.exitCode, first.stderr.toString()]).toEqual([1, `${line}\n`]);
  });
  await asBun("1.0.0", async () => {
    const { code, stderr } = await runCommand(["config", "--json"], {}, programIn(checkout.root));
    expect(code).toBe(0);
    expect(stderr).toBe(`This is Bun ${Bun.version}; the platform is tested with bun@1.0.0 (\`npx -y bun@1.0.0\`)\n`);
  });
});

test("dependencies that are not installed, and others than package.json's", async () => {
  const file = join(checkout.root, "package.json");
  const before = await readFile(file, "utf8");
  await writeFile(file, before.replace(/("postgres": )"[^"]*"/, '$1"0.0.1"'));
  expect(await dev()).toMatch(/^The dependencies are not installed \(postgres is .* instead of 0\.0\.1\): run `npx/);
  await writeFile(file, before);
  const modules = join(checkout.root, "node_modules");
  await rename(modules, `${modules}.away`);
  expect(await dev()).toMatch(/^The dependencies are not installed \(.* is missing\): run `npx -y bun@.* install`$/);
  await rename(`${modules}.away`, modules);
});

test("a .env that Bun would pass over without a word", async () => {
  const file = join(checkout.root, ".env");
  await writeFile(file, "PORT=9090\nDATABASE_URL hunter2\n");
  const line = await dev();
  expect(line).toBe(`${file} line 2 is not NAME=value: mend it, or begin it with #`);
  await unlink(file);
  await symlink(checkout.root, file);
  expect(await dev()).toStartWith(`${file} cannot be read (`);
  await unlink(file);
  await writeFile(file, "PORT=70000\n");
  expect(await dev()).toContain('PORT is "70000"');
  await rm(file);
});

test("a database URL that does not work", async () => {
  expect(await dev({ DATABASE_URL: "postgres://127.0.0.1:1/shop" })).toContain("names no user");
  expect(await dev({ DATABASE_URL: "postgres://me:hunter2@127.0.0.1:1/shop" })).toBe(
    'The database "shop" at 127.0.0.1:1 cannot be used (connect ECONNREFUSED 127.0.0.1:1): check host and port in the database URL, and that the server runs',
  );
  const server = await provideOrSkip("tests/dev/start-errors, a database URL", () => startExternalPostgres());
  if (!server) return;
  try {
    await administer(server.url, "create role newcomer login password 'newcomer'");
    const at = (change: Partial<Record<"username" | "password" | "pathname", string>>) =>
      dev({ DATABASE_URL: Object.assign(new URL(server.url), change).href });
    const wrong = await at({ password: "hunter2" });
    expect(wrong).toContain("check user and password in the database URL");
    expect(wrong).not.toContain("hunter2");
    expect(await at({ pathname: "/missing" })).toContain("create it (createdb missing), or name another one");
    const poor = await at({ username: "newcomer", password: "newcomer" });
    expect(poor).toContain('The user "newcomer" lacks rights');
    expect(poor).toContain('create role "order_app";');
  } finally {
    await administer(server.url, "drop role newcomer");
    await server.stop();
  }
});
