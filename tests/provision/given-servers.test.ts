import { afterEach, expect, test } from "bun:test";
import { createServer } from "node:net";
import { type GivenVariable, givenServer } from "./given-servers.ts";

const VARIABLES = ["DATABASE_URL", "REDIS_URL", "KAFKA_BROKERS"] as const;
const before = new Map(VARIABLES.map((name) => [name, process.env[name]]));
afterEach(() => {
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

function given(variable: GivenVariable, value: string) {
  process.env[variable] = value;
  return givenServer(variable).catch(String);
}

/** A port where somebody listens while `use` runs. */
async function listening(use: (port: number) => Promise<void>) {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await use(typeof address === "object" ? (address?.port ?? 0) : 0);
  await new Promise((resolve) => server.close(resolve));
}

test.each([
  ["DATABASE_URL", "postgres://shop:hunter2@127.0.0.1:1/shop"],
  ["REDIS_URL", "redis://:hunter2@127.0.0.1:1"],
  ["KAFKA_BROKERS", "127.0.0.1:1,127.0.0.1:2"],
] as const)("where nobody answers, one line names %s and what to do, without a password", async (variable, value) => {
  const line = String(await given(variable, value));
  expect(line).toContain(`nobody answers where ${variable} leads (`);
  expect(line).toContain(`ECONNREFUSED 127.0.0.1:1`);
  expect(line).toContain(`unset ${variable}`);
  expect(line).not.toContain("hunter2");
});

test("what answers is taken as it is; of the brokers one is enough", () =>
  listening(async (port) => {
    for (const [variable, value] of [
      ["DATABASE_URL", `postgres://shop@127.0.0.1:${port}/shop`],
      ["REDIS_URL", `redis://127.0.0.1:${port}`],
      ["KAFKA_BROKERS", `127.0.0.1:1,127.0.0.1:${port}`],
    ] as const)
      expect(await given(variable, value)).toBe(value);
  }));

test("what is not given is null, and what cannot be read is refused", async () => {
  for (const variable of VARIABLES) expect(await given(variable, "")).toBeNull();
  expect(await given("DATABASE_URL", "mysql://127.0.0.1/shop")).toContain("instead of postgres://");
  expect(await given("REDIS_URL", "nonsense")).toContain("cannot be read");
  expect(await given("KAFKA_BROKERS", "broker")).toContain("KAFKA_BROKERS must be host:port");
});
