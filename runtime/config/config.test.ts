import { expect, test } from "bun:test";
import { ConfigError } from "./load.ts";
import { durationMs } from "./parsers.ts";
import { loadPlatformConfig, type Mode } from "./settings.ts";

const modules = ["order", "payment"] as const;
const load = (mode: Mode, env: Record<string, string> = {}, flags: Record<string, string | boolean> = {}) =>
  loadPlatformConfig({ modules, mode, cwd: "/srv/app", env, flags });
const faultsOf = (work: () => unknown): readonly { setting: string; given: string; advice: string }[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

test("defaults, environment, flags, in that order", () => {
  const { config } = load("dev");
  expect([config.port, config.internalPort, config.host, config.dataDir, config.transport]).toEqual([
    8080,
    8081,
    "127.0.0.1",
    "/srv/app/.data",
    "inprocess",
  ]);
  expect([config.placementDeadlineMs, config.leaseMs, config.readinessDrainMs]).toEqual([1_800_000, 1500, 0]);
  expect([
    config.exclusiveDatabase,
    config.logLevel,
    load("migrate", { DATABASE_URL: "postgres://a@b/c" }).config.logLevel,
  ]).toEqual([false, "warn", "info"]);
  const { config: set, table } = load("dev", { PORT: "9000", LEASE_MS: "" }, { port: "9100" });
  expect([set.port, set.internalPort, set.leaseMs]).toEqual([9100, 9101, 1500]);
  expect(table.find(({ name }) => name === "port")).toMatchObject({ value: "9100", source: "flag", env: "PORT" });
});

test("all faults at once, secrets hidden", () => {
  const faults = faultsOf(() =>
    load("dev", { PORT: "x", DATABASE_URL: "mysql://u:hunter2@h/d", MODULES: "order,nope" }, { nope: "1" }),
  );
  expect(faults.map(({ setting }) => setting)).toEqual(["--nope", "PORT", "MODULES", "DATABASE_URL"]);
  expect(JSON.stringify(faults)).not.toContain("hunter2");
});

test("rules across settings", () => {
  expect(faultsOf(() => load("serve")).map(({ setting }) => setting)).toEqual(["DATABASE_URL", "OIDC_ISSUER"]);
  expect(faultsOf(() => load("dev", { TRANSPORT: "kafka" }))[0]?.advice).toContain("--transport inprocess");
  expect(faultsOf(() => load("dev", { TRANSPORT: "inprocess", MODULES: "order" }))[0]?.advice).toContain(
    "--modules all",
  );
  expect(load("dev", { EXCLUSIVE_DATABASE: "true" }).config.exclusiveDatabase).toBe(true);
  const served = { DATABASE_URL: "postgres://a@b/c", DEVELOPMENT_ISSUER: "true" };
  expect(faultsOf(() => load("serve", { ...served, EXCLUSIVE_DATABASE: "false" }))).toEqual([]);
  expect(faultsOf(() => load("serve", { ...served, EXCLUSIVE_DATABASE: "true" }))).toEqual([
    { setting: "EXCLUSIVE_DATABASE", given: "true", advice: expect.stringContaining("only for dev") },
  ]);
  expect(faultsOf(() => load("dev", { INTERNAL_PORT: "8080" }))[0]?.setting).toBe("INTERNAL_PORT");
});

test("a module's URL wins over the common one and stays hidden", () => {
  const { config, table } = load("serve", {
    DATABASE_URL: "postgres://a/b",
    ORDER_DATABASE_URL: "postgres://u:hunter2@c/d",
    DEVELOPMENT_ISSUER: "on",
  });
  expect([...config.databaseUrls]).toEqual([
    ["order", "postgres://u:hunter2@c/d"],
    ["payment", "postgres://a/b"],
  ]);
  expect(JSON.stringify(table)).not.toContain("hunter2");
});

test("an address that leads to no module is refused at the start, and a slash at its end does no harm", () => {
  const addressOf = (given: string) => load("dev", { RPC_URL: given }).config.rpcUrl;
  for (const wrong of ["nonsense", "{module}:8081", "ftp://{module}:8081", "http://{modul}:8081", "http://{module}:x"])
    expect(faultsOf(() => addressOf(wrong))).toMatchObject([{ setting: "RPC_URL", given: JSON.stringify(wrong) }]);
  expect(addressOf("http://{module}.shop:8081/")).toBe("http://{module}.shop:8081");
  expect(addressOf("https://127.0.0.1:8081/base/")).toBe("https://127.0.0.1:8081/base");
});

test("durations", () => {
  const { parse } = durationMs(0, 1e9);
  expect(["1500", "30s", "5m", "2h", "1d", "-1", "1w", "1.5s", "9e9"].map(parse)).toEqual([
    1500,
    30_000,
    300_000,
    7_200_000,
    86_400_000,
    null,
    null,
    null,
    null,
  ]);
});
