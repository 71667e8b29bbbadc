import { expect, test } from "bun:test";
import { loadConfig } from "./load.ts";
import { loadPlatformConfig } from "./platform-config.ts";
import { rate } from "./rate-limit-settings.ts";
import { type Mode, platformSettings } from "./settings.ts";

test.each([
  ["20/s", { units: 20, periodMs: 1_000 }],
  ["600/m", { units: 600, periodMs: 60_000 }],
  ["1000000/s", { units: 1_000_000, periodMs: 1_000 }],
  ["1000001/s", null],
  ["0/s", null],
  ["20", null],
  ["20/h", null],
  ["-1/s", null],
])("%s", (text, value) => {
  expect(rate.parse(text)).toEqual(value);
  if (value) expect(rate.show?.(value)).toBe(text);
});

test("there are limits unless the development issuer is trusted", () => {
  const isLimited = (mode: "dev" | "serve", env: Record<string, string> = {}) =>
    loadConfig(platformSettings({ modules: ["order"], mode, cwd: "/" }), { env }).config.rateLimits;
  expect(isLimited("dev")).toBe(false);
  expect(isLimited("serve")).toBe(true);
  expect(isLimited("serve", { DEVELOPMENT_ISSUER: "true" })).toBe(false);
  expect(isLimited("dev", { RATE_LIMITS: "on" })).toBe(true);
});

test("serve with limits must be told what stands in front of it; other modes and serve without limits need not", () => {
  const served = { DATABASE_URL: "postgres://a@b/c", OIDC_ISSUER: "https://login.example.com" };
  const proxies = (mode: Mode, env: Record<string, string> = {}) =>
    loadPlatformConfig({ modules: ["order"], mode, cwd: "/", env: { ...served, ...env } }).config.trustedProxies;
  expect(() => proxies("serve")).toThrow("TRUSTED_PROXIES is not set: requests are limited by client address");
  for (const given of [0, 1, 2]) expect(proxies("serve", { TRUSTED_PROXIES: String(given) })).toBe(given);
  expect(proxies("serve", { RATE_LIMITS: "off" })).toBeNull();
  expect(proxies("migrate")).toBeNull();
  expect(proxies("dev", { RATE_LIMITS: "on" })).toBeNull();
});

test("a rate that is none is refused with what to write", () => {
  const env = { RATE_LIMIT_WRITES: "many", TRUSTED_PROXIES: "-1" };
  const load = () => loadPlatformConfig({ modules: ["order"], mode: "dev", cwd: "/", env });
  expect(load).toThrow('RATE_LIMIT_WRITES is "many": must be a rate such as 20/s or 600/m');
  expect(load).toThrow("TRUSTED_PROXIES");
});
