/** What a process that has nothing to do with AWS loads of it: nothing. */
import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");

/** The files of those packages that `script` loads, in a process of its own; it loads the platform. */
function loadedBy(script: string, packages: string, env: Readonly<Record<string, string>>): readonly string[] {
  const note = `
    const loaded = [];
    Bun.plugin({
      name: "what is loaded",
      setup({ onLoad }) {
        onLoad({ filter: /(node_modules\\/(${packages}).*|runtime\\/platform)\\.([cm]?js|ts)$/ }, async ({ path, loader }) => {
          loaded.push(path);
          return { contents: await Bun.file(path).text(), loader };
        });
      },
    });`;
  const { PATH = "", HOME = "" } = process.env;
  const { stdout, stderr, exitCode } = Bun.spawnSync(
    [process.execPath, "-e", `${note} ${script}; console.log(JSON.stringify(loaded))`],
    { cwd: ROOT, env: { PATH, HOME, ...env } },
  );
  if (exitCode !== 0) throw new Error(stderr.toString());
  const files: readonly string[] = JSON.parse(stdout.toString().trim().split("\n").at(-1) ?? "");
  expect(files.some((file) => file.endsWith("/runtime/platform.ts"))).toBe(true);
  return files.filter((file) => file.includes("/node_modules/"));
}

const load = `
  const { loadConfigHere } = await import("./runtime/cli/run-platform.ts");
  const { registry } = await import("./modules/registry.ts");
  const { openDatabaseLogin, openRedisLogin, openKafkaLogin } = await import("./runtime/compose/iam-logins.ts");
  const { config } = await loadConfigHere(registry, "serve", {});
  for (const open of [openDatabaseLogin, openRedisLogin, openKafkaLogin]) await open(config)`;
const url = "postgres://order_app@db/shop";
const served = { DATABASE_URL: url, OIDC_ISSUER: "https://a.example", TRUSTED_PROXIES: "1" };

test("without PARAMETER_PATH and logins by IAM no file of AWS is loaded", () => {
  const aws = "@aws-sdk|@smithy|@aws-crypto";
  expect(loadedBy(load, aws, { ...served, AWS_REGION: "eu-central-1" })).toEqual([]);
});

test("logins by IAM load what signs, and no client of a service", () => {
  const env = {
    ...served,
    AWS_REGION: "eu-central-1",
    DATABASE_LOGIN: "iam",
    DATABASE_URL: `${url}?sslmode=verify-full`,
  };
  expect(loadedBy(load, "@aws-sdk\\/client-", env)).toEqual([]);
  expect(loadedBy(load, "@smithy\\/signature-v4", env)).not.toEqual([]);
});
