import { expect, test } from "bun:test";
import type { Secret } from "../secret.ts";
import { kubernetesUrl } from "./activity-settings.ts";
import { ConfigError } from "./load.ts";
import { durationMs } from "./parsers.ts";
import { loadPlatformConfig } from "./platform-config.ts";
import type { Mode } from "./settings.ts";

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
  expect([config.placementMs, config.leaseMs, config.readinessDrainMs]).toEqual([1_800_000, 1500, 0]);
  expect([
    config.exclusiveDatabase,
    config.logLevel,
    load("migrate", { DATABASE_URL: "postgres://a@b/c" }).config.logLevel,
  ]).toEqual([false, "warn", "info"]);
  const { config: set, table } = load("dev", { PORT: "9000", LEASE_MS: "" }, { port: "9100" });
  expect([set.port, set.internalPort, set.leaseMs]).toEqual([9100, 9101, 1500]);
  expect(table.find(({ name }) => name === "port")).toMatchObject({ value: "9100", source: "flag", env: "PORT" });
});

test("only in dev does the simulated carrier move parcels by itself, unless it is told to", () => {
  const served = { DATABASE_URL: "postgres://a@b/c", DEVELOPMENT_ISSUER: "true" };
  const step = (mode: Mode, env: Record<string, string> = {}) => load(mode, { ...served, ...env }).config.carrierStepMs;
  expect([step("dev"), step("serve"), step("test")]).toEqual([90_000, 0, 0]);
  expect([step("dev", { CARRIER_STEP_MS: "0" }), step("serve", { CARRIER_STEP_MS: "500" })]).toEqual([0, 500]);
});

test("all faults at once, secrets hidden", () => {
  const faults = faultsOf(() =>
    load("dev", { PORT: "x", DATABASE_URL: "mysql://u:hunter2@h/d", MODULES: "order,nope" }, { nope: "1" }),
  );
  expect(faults.map(({ setting }) => setting)).toEqual(["--nope", "PORT", "MODULES", "DATABASE_URL"]);
  expect(JSON.stringify(faults)).not.toContain("hunter2");
});

test("rules across settings", () => {
  expect(faultsOf(() => load("serve")).map(({ setting }) => setting)).toEqual([
    "DATABASE_URL",
    "OIDC_ISSUER",
    "TRUSTED_PROXIES",
  ]);
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
  expect(faultsOf(() => load("dev", { COUPON_HOLD_MS: "600000" }))[0]?.setting).toBe("COUPON_ORPHAN_AFTER_MS");
  expect(faultsOf(() => load("dev", { INTERNAL_PORT: "8080" }))[0]?.setting).toBe("INTERNAL_PORT");
  expect(faultsOf(() => load("dev", { PORT: "65535" }))).toEqual([
    { setting: "PORT", given: "65535", advice: expect.stringContaining("INTERNAL_PORT") },
  ]);
  expect(faultsOf(() => load("dev", { LEASE_MS: "600", LEASE_RENEW_MS: "301" }))).toEqual([
    { setting: "LEASE_RENEW_MS", given: "301", advice: expect.stringContaining("600") },
  ]);
  expect(faultsOf(() => load("dev", { SHUTDOWN_DEADLINE_MS: "3s", READINESS_DRAIN_MS: "3s" }))).toEqual([
    { setting: "READINESS_DRAIN_MS", given: "3000", advice: expect.stringContaining("SHUTDOWN_DEADLINE_MS") },
  ]);
  const apart = { ...served, DEVELOPMENT_ISSUER: "false", MODULES: "order", KAFKA_BROKERS: "b:9092" };
  const issued = { ...apart, OIDC_ISSUER: "https://a.example", TRUSTED_PROXIES: "1" };
  expect(faultsOf(() => load("serve", issued))).toEqual([
    { setting: "SERVICE_ISSUER", given: "not set", advice: expect.stringContaining("ask each other") },
  ]);
});

test("what a pod with colours lacks is named, and nothing without them", () => {
  const served = { DATABASE_URL: "postgres://a@b/c", DEVELOPMENT_ISSUER: "true" };
  const settingsAtFault = (env: Record<string, string>, mode: Mode = "serve") =>
    faultsOf(() => load(mode, { ...served, ...env })).map(({ setting }) => setting);
  const pod = {
    ACTIVE_SERVICE: "order",
    POD_TEMPLATE_HASH: "7d9f",
    POD_NAMESPACE: "genai-demo",
    KUBERNETES_SERVICE_HOST: "172.20.0.1",
  };
  expect(settingsAtFault(pod)).toEqual([]);
  expect(settingsAtFault({ ACTIVE_SERVICE: "order" })).toEqual([
    "POD_TEMPLATE_HASH",
    "POD_NAMESPACE",
    "KUBERNETES_SERVICE_HOST",
  ]);
  expect(settingsAtFault({ ACTIVE_SERVICE: "order" }, "migrate")).toEqual([]);
  expect(settingsAtFault({ KUBERNETES_SERVICE_HOST: "172.20.0.1" })).toEqual([]);
  const { POD_TEMPLATE_HASH: _, ...byHand } = pod;
  expect(faultsOf(() => load("serve", { ...served, ...byHand }))[0]?.advice).toContain("no Rollout");
  expect(settingsAtFault({ ...pod, KUBERNETES_API_URL: "http://10.0.0.1" })).toEqual(["KUBERNETES_API_URL"]);
  expect(settingsAtFault({ ...pod, KUBERNETES_API_URL: "http://127.0.0.1:8001" })).toEqual([]);
  const { config } = load("serve", { ...served, ...pod, KUBERNETES_SERVICE_PORT: "6443" });
  expect(kubernetesUrl(config)).toBe("https://172.20.0.1:6443");
  expect(kubernetesUrl({ ...config, kubernetesServiceHost: "fd00::1" })).toBe("https://[fd00::1]:6443");
  expect(kubernetesUrl({ ...config, kubernetesApiUrl: "https://api:1" })).toBe("https://api:1");
  expect(config.activeOverlapMs).toBe(30_000);
});

test("what the brokers' login lacks is named", () => {
  const settingsAtFault = (env: Record<string, string>) =>
    faultsOf(() => load("dev", { TRANSPORT: "kafka", KAFKA_BROKERS: "b:9092", ...env })).map(({ setting }) => setting);
  expect(settingsAtFault({})).toEqual([]);
  expect(settingsAtFault({ KAFKA_CA_FILE: "/ca.pem" })).toEqual(["KAFKA_CA_FILE"]);
  expect(settingsAtFault({ KAFKA_SASL: "scram-sha-512" })).toEqual(["KAFKA_USERNAME", "KAFKA_PASSWORD"]);
  expect(settingsAtFault({ KAFKA_SASL: "oauthbearer" })).toEqual(["KAFKA_TOKEN_FILE"]);
  const region = { AWS_REGION: "eu-central-1", KAFKA_SASL: "iam" };
  expect(settingsAtFault(region)).toEqual(["KAFKA_SASL"]);
  // It reads the parameters that everybody shares, and speaks to no broker.
  expect(() => load("migrate", { DATABASE_URL: "postgres://a@b/c", ...region })).not.toThrow();
});

test("the development issuer is refused where anything says that this is no development machine", () => {
  const served = { DATABASE_URL: "postgres://a@b/c", DEVELOPMENT_ISSUER: "true" };
  const production = [
    { OIDC_ISSUER: "https://login.example.com" },
    { SERVICE_ISSUER: "https://oidc.example.com/id/1" },
    { NODE_ENV: "production" },
  ];
  for (const env of production) {
    const [name = ""] = Object.keys(env);
    expect(faultsOf(() => load("serve", { ...served, ...env }))).toEqual([
      { setting: "DEVELOPMENT_ISSUER", given: "true", advice: expect.stringContaining(name) },
    ]);
    const real = { DATABASE_URL: served.DATABASE_URL, OIDC_ISSUER: "https://a.example", TRUSTED_PROXIES: "1" };
    const { config } = load("serve", { ...real, ...env });
    expect(config.developmentIssuer).toBe(false);
    expect(load("dev", env).config.developmentIssuer).toBe(true);
  }
  expect(load("serve", { ...served, NODE_ENV: "test" }).config.developmentIssuer).toBe(true);
});

test("keys of issuers come over https, unless they come from the machine itself", () => {
  const served = { DATABASE_URL: "postgres://a@b/c", TRUSTED_PROXIES: "0" };
  const settingsAtFault = (mode: Mode, env: Record<string, string>) =>
    faultsOf(() => load(mode, { ...served, ...env })).map(({ setting }) => setting);
  const plain = { OIDC_ISSUER: "http://login.example.com", OIDC_JWKS_URL: "http://127.0.0.1.example.com/keys" };
  expect(settingsAtFault("serve", plain)).toEqual(["OIDC_ISSUER", "OIDC_JWKS_URL"]);
  expect(settingsAtFault("dev", plain)).toEqual([]);
  const pods = {
    SERVICE_ISSUER: "http://oidc.example.com/id/1",
    SERVICE_JWKS_URL: "http://oidc.example.com/id/1/keys",
  };
  expect(settingsAtFault("serve", { OIDC_ISSUER: "https://a.example", ...pods })).toEqual([
    "SERVICE_ISSUER",
    "SERVICE_JWKS_URL",
  ]);
  for (const host of ["localhost:9", "127.0.0.1:9", "127.1.2.3", "[::1]:9"])
    expect(settingsAtFault("serve", { OIDC_ISSUER: `http://${host}/`, OIDC_JWKS_URL: `http://${host}/keys` })).toEqual(
      [],
    );
});

test("tokens may be for several audiences", () => {
  const audiences = (OIDC_AUDIENCE: string) => load("dev", { OIDC_AUDIENCE }).config.oidcAudience;
  expect(load("dev").config.oidcAudience).toEqual(["genai-demo"]);
  expect(audiences("web, mobile")).toEqual(["web", "mobile"]);
  expect(faultsOf(() => audiences("web,,mobile"))[0]?.setting).toBe("OIDC_AUDIENCE");
});

test("a module's URL wins over the common one and stays hidden", () => {
  const { config, table } = load("serve", {
    DATABASE_URL: "postgres://a/b",
    ORDER_DATABASE_URL: "postgres://u:hunter2@c/d",
    DEVELOPMENT_ISSUER: "on",
  });
  expect([...config.databaseUrls].map(([name, url]) => [name, url?.open()])).toEqual([
    ["order", "postgres://u:hunter2@c/d"],
    ["payment", "postgres://a/b"],
  ]);
  expect(JSON.stringify(table)).not.toContain("hunter2");
});

test("where others are asked is a URL, or the process does not start", () => {
  const { config } = load("dev", { RPC_URL: "https://{module}.shop:8081/", PAYMENT_RPC_URL: "http://[::1]:9/" });
  expect([config.rpcUrl, ...config.rpcUrls.values()]).toEqual(["https://{module}.shop:8081", "http://[::1]:9"]);
  for (const wrong of ["pricing:8081", "kafka://{module}", "http://", "http://{modul}:8081", "http://{module}:x"])
    expect(faultsOf(() => load("dev", { RPC_URL: wrong, ORDER_RPC_URL: wrong }))).toEqual(
      ["RPC_URL", "ORDER_RPC_URL"].map((setting) => ({
        setting,
        given: JSON.stringify(wrong),
        advice: expect.stringContaining("such as http://{module}:8081"),
      })),
    );
});

test("whom each ServiceAccount speaks for is shown as it was given", () => {
  const given = "shop=order+payment+edge,rest=pricing";
  const { table } = load("dev", { SERVICE_ACCOUNTS: given });
  expect(table.find(({ env }) => env === "SERVICE_ACCOUNTS")?.value).toBe(given);
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

test("webhooks are believed with one secret, or with two while it is changed, and none of them is shown", () => {
  const [today, yesterday] = ["hunter2-hunter2-hunter2", "hunter1-hunter1-hunter1"];
  const webhooksFrom = new Map([
    ["payment", "the provider"],
    ["order", "somebody"],
  ] as const);
  const given = (secrets: string) =>
    loadPlatformConfig({
      modules,
      webhooksFrom,
      mode: "dev",
      cwd: "/srv/app",
      env: { PAYMENT_WEBHOOK_SECRETS: secrets },
    });
  const opened = (secrets: readonly Secret[] | undefined) => secrets?.map((each) => each.open());
  expect(opened(given(today).config.webhookSecrets.get("payment"))).toEqual([today]);
  const { config, table } = given(`${today}, ${yesterday}`);
  expect([...config.webhookSecrets.keys()]).toEqual(["payment"]);
  expect(opened(config.webhookSecrets.get("payment"))).toEqual([today, yesterday]);
  expect(table.find(({ env }) => env === "ORDER_WEBHOOK_SECRETS")?.description).toContain("somebody signs");
  expect(Bun.inspect({ config, table }, { depth: 9 })).not.toContain("hunter");
  for (const wrong of ["hunter2", `${today},`, `${today},${yesterday},${today}`, "hunter2 hunter2 hunter2"]) {
    const [fault] = faultsOf(() => given(wrong));
    expect(fault).toMatchObject({ setting: "PAYMENT_WEBHOOK_SECRETS", given: "(hidden)" });
  }
});
