/** Parameters of a process among its other settings: which wins, what is refused, and that no value is told. */
import { expect, test } from "bun:test";
import { seededRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { ConfigError } from "./load.ts";
import { type Parameter, ParameterFault } from "./parameter-source.ts";
import { loadPlatformSettings } from "./platform-parameters.ts";
import type { Mode } from "./settings.ts";

const modules = ["order", "payment"] as const;
const URL_OF = (user: string) => `postgres://${user}:hunter2@db/shop`;

/** By path: its parameters, those that begin with `!` in clear, or why it cannot be read. */
type Store = Readonly<Record<string, Readonly<Record<string, string>> | ParameterFault["kind"]>>;

function openStore(store: Store) {
  const asked: string[] = [];
  const read = async (path: string): Promise<readonly Parameter[]> => {
    asked.push(path);
    const found = store[path] ?? {};
    if (typeof found === "string") throw new ParameterFault(found, "ssm:GetParametersByPath is denied.");
    return Object.entries(found).map(([name, value]) => ({
      name: name.replace("!", ""),
      value,
      isSecure: !name.startsWith("!"),
    }));
  };
  return { asked, open: async () => ({ read, close: () => undefined }) };
}

const AWS = { AWS_REGION: "eu-central-1", PARAMETER_PATH: "/shop" };
const SERVED = { ...AWS, OIDC_ISSUER: "https://a.example", TRUSTED_PROXIES: "1", SERVICE_ISSUER: "https://b.example" };

const load = (
  store: Store,
  env: Record<string, string> = SERVED,
  { mode = "serve", flags = {} }: { readonly mode?: Mode; readonly flags?: Record<string, string> } = {},
) => {
  const { asked, open } = openStore(store);
  const given = {
    modules,
    webhooksFrom: new Map([["payment", "the provider"]]),
    mode,
    cwd: "/srv/app",
    env,
    flags,
  };
  const deps = { open, clock: { now: () => 0 }, scheduler, random: seededRandom(1) };
  return { asked, loading: loadPlatformSettings(given, deps) };
};

async function faultsOf(...args: Parameters<typeof load>) {
  const error = await load(...args).loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`it gave ${Bun.inspect(error)}`);
  expect(error.message).not.toContain("hunter2");
  return { message: error.message, settings: error.faults.map(({ setting }) => setting) };
}

const BOTH: Store = {
  "/shop/shared": { REDIS_URL: "redis://:hunter2@cache", "!LOG_LEVEL": "warn" },
  "/shop/order": { DATABASE_URL: URL_OF("order_app") },
  "/shop/payment": { DATABASE_URL: URL_OF("payment_app"), WEBHOOK_SECRETS: "hunter2-hunter2-hunter2" },
};

test("a module's path gives its own settings by their short name; parameters win over the environment, flags over both", async () => {
  const env = { ...SERVED, LOG_LEVEL: "error", ORDER_DATABASE_URL: URL_OF("nobody"), ADMISSION_DELAY_MS: "300" };
  const { config, table } = await load(BOTH, env).loading;
  expect([...config.databaseUrls].map(([name, url]) => [name, url?.open()])).toEqual([
    ["order", URL_OF("order_app")],
    ["payment", URL_OF("payment_app")],
  ]);
  expect(config.webhookSecrets.get("payment")?.map((each) => each.open())).toEqual(["hunter2-hunter2-hunter2"]);
  expect([config.logLevel, config.redisUrl?.open()]).toEqual(["warn", "redis://:hunter2@cache"]);
  const row = (env: string) => table.find((each) => each.env === env);
  expect([row("LOG_LEVEL")?.source, row("LOG_LEVEL")?.value]).toEqual(["parameter", "warn"]);
  expect([row("ADMISSION_DELAY_MS")?.source, row("PORT")?.source]).toEqual(["environment", "default"]);
  expect(row("REDIS_URL")?.value).toBe("redis://:***@cache");
  expect(Bun.inspect({ config, table }, { depth: 9 })).not.toContain("hunter2");
  const flagged = await load(BOTH, env, { flags: { "log-level": "debug" } }).loading;
  expect(flagged.config.logLevel).toBe("debug");
});

test("what the store keeps encrypted is not shown, whatever it is", async () => {
  const { table } = await load({ ...BOTH, "/shop/shared": { OIDC_SCOPE_PREFIX: "hunter2/" } }).loading;
  expect(table.find(({ env }) => env === "OIDC_SCOPE_PREFIX")?.value).toBe("(hidden)");
});

test("only the paths of the modules that run here are read, the shared one by all; topics read it alone", async () => {
  const asked = async (env: Record<string, string>, options?: Parameters<typeof load>[2]) => {
    const { asked, loading } = load(BOTH, { ...SERVED, KAFKA_BROKERS: "b:9098", ...env }, options);
    await loading;
    return asked;
  };
  expect(await asked({})).toEqual(["/shop/shared", "/shop/order", "/shop/payment"]);
  expect(await asked({ MODULES: "payment" })).toEqual(["/shop/shared", "/shop/payment"]);
  expect(await asked({}, { flags: { modules: "order" } })).toEqual(["/shop/shared", "/shop/order"]);
  expect(await asked({}, { mode: "topics" })).toEqual(["/shop/shared"]);
  expect(await asked({ PARAMETER_PATH: "", ORDER_DATABASE_URL: URL_OF("o"), DATABASE_URL: URL_OF("a") })).toEqual([]);
});

test("one message names all: malformed and missing, of the store and of the environment", async () => {
  const store = { ...BOTH, "/shop/order": { DATABASE_URL: "hunter2", LEASE_MS: "hunter2" } };
  const { message, settings } = await faultsOf(store, { ...AWS, PORT: "x", BATCH_LIMIT: "0" });
  expect(settings.toSorted()).toEqual([
    "/shop/order/DATABASE_URL",
    "/shop/order/LEASE_MS",
    "BATCH_LIMIT",
    "OIDC_ISSUER",
    "PORT",
    "TRUSTED_PROXIES",
  ]);
  expect(message).toStartWith("the configuration has 6 faults:");
  expect(message).toContain("/shop/order/LEASE_MS is (hidden): must be a time from 200 ms");
  const without = await faultsOf({ ...BOTH, "/shop/order": { "!LOG_LEVEL": "warn" } });
  expect(without.settings).toEqual(["DATABASE_URL"]);
  expect(without.message).toContain("ORDER_DATABASE_URL");
});

test("rules across settings name the parameter, and do not repeat it", async () => {
  const { message } = await faultsOf({ ...BOTH, "/shop/shared": { OIDC_ISSUER: "http://hunter2.example" } });
  expect(message).toContain("/shop/shared/OIDC_ISSUER is (hidden): must begin with https://");
});

test("paths that are denied or empty are named, each; what they would have held is not said to be missing", async () => {
  const { message, settings } = await faultsOf(
    { "/shop/shared": "empty", "/shop/order": "denied", "/shop/payment": "denied" },
    { ...AWS, PORT: "x" },
  );
  expect(settings).toEqual(["/shop/shared", "/shop/order", "/shop/payment", "PORT"]);
  expect(message).toContain("/shop/order: ssm:GetParametersByPath is denied");
});

test("a store that is away is asked once for all", async () => {
  const { asked, loading } = load({ "/shop/shared": "unavailable" });
  await expect(loading).rejects.toThrow("/shop/shared: ");
  expect(asked).toEqual(["/shop/shared"]);
});

test("two modules of one process must agree, where to read stands in the environment, and strange names are left alone", async () => {
  const differing = { ...BOTH, "/shop/order": { "!LEASE_MS": "900" }, "/shop/payment": { "!LEASE_MS": "800" } };
  expect((await faultsOf(differing, { ...SERVED, DATABASE_URL: URL_OF("a") })).settings).toEqual([
    "/shop/payment/LEASE_MS",
  ]);
  const before = { ...BOTH, "/shop/shared": { "!MODULES": "order", "!AWS_REGION": "us-east-1" } };
  expect((await faultsOf(before)).settings).toEqual(["/shop/shared/MODULES", "/shop/shared/AWS_REGION"]);
  const strange = { ...BOTH, "/shop/shared": { NEXT_RELEASE: "hunter2", "!LEASE_MS": "900" } };
  const { config, unknown } = await load({
    ...strange,
    "/shop/order": { ...Object(BOTH["/shop/order"]), LEASE_MS: "800", LEASE_RENEW_MS: "300" },
  }).loading;
  expect(unknown).toEqual(["/shop/shared/NEXT_RELEASE"]);
  // A module's own wins over the shared one.
  expect(config.leaseMs).toBe(800);
});

test("a path without a region is a fault of the environment, and nobody is asked", async () => {
  const { asked, loading } = load(BOTH, {
    PARAMETER_PATH: "/shop",
    DATABASE_URL: URL_OF("a"),
    DEVELOPMENT_ISSUER: "on",
  });
  await expect(loading).rejects.toThrow("AWS_REGION is not set: PARAMETER_PATH needs it.");
  expect(asked).toEqual([]);
});
