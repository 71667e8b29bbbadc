import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");

function config(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, "runtime/main.ts", "config", ...args], {
    cwd: ROOT,
    env: { PATH, HOME, ...env },
  });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

test("every setting has a line with where its value comes from", () => {
  const { code, out } = config(["--log-level", "error"], { PORT: "9090" });
  expect(code).toBe(0);
  expect(out).toMatch(/^port +PORT +--port +9090 +environment +Public port/m);
  expect(out).toMatch(/^internalPort +INTERNAL_PORT +--internal-port +9091 +default +/m);
  expect(out).toMatch(/^logLevel +LOG_LEVEL +--log-level +error +flag +/m);
  expect(out).toMatch(/^orderDatabaseUrl +ORDER_DATABASE_URL +default +PostgreSQL of the module order/m);
});

test("--mode serve shows what a pod would get, as JSON, and no secret", () => {
  const { code, out } = config(["--mode", "serve", "--json"], {
    DATABASE_URL: "postgres://owner:hunter2@db.internal:5433/shop?sslmode=verify-full&options=hunter2",
    OIDC_ISSUER: "https://login.example.com",
    TRUSTED_PROXIES: "1",
  });
  expect(code).toBe(0);
  const rows: { name: string; value: string; source: string }[] = JSON.parse(out);
  const shown = (name: string) => rows.find((row) => row.name === name)?.value;
  expect([shown("host"), shown("developmentIssuer"), shown("logLevel")]).toEqual(["0.0.0.0", "false", "info"]);
  expect(shown("databaseUrl")).toBe("postgres://owner:***@db.internal:5433/shop?sslmode=verify-full&options=***");
  expect(out).not.toContain("hunter2");
});

test("faults are listed as at a start, with exit code 1; another mode is a fault of the command line", () => {
  const { code, out, err } = config(["--mode", "serve"], { PORT: "x", DATABASE_URL: "mysql://u:hunter2@h/d" });
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain("4 faults");
  expect(err).not.toContain("hunter2");
  expect(config(["--mode", "pod"]).code).toBe(2);
});
