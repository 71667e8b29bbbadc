/**
 * Parameter Store and Secrets Manager as moto has them, and the whole process on them: a start, its refusals, what it makes
 * of parameters that change, and `migrate` with the master's secret. What moto is not asked: who may read what.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { openParameterStore } from "../../runtime/aws/parameter-store.ts";
import { systemClock as clock } from "../../runtime/clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { until } from "../../runtime/until.fixture.ts";
import { administer } from "../journeys/external-data.ts";
import { type Environment, runCommand, startProcess } from "../journeys/process.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionMoto } from "../provision/moto.ts";
import { provisionPostgres } from "../provision/postgres.ts";
import { type MotoServer, REGION, startMoto } from "./moto-server.ts";

setDefaultTimeout(120_000);
const moto = await provideOrSkip("tests/aws, with moto", provisionMoto);
const tools = await provideOrSkip("tests/aws, with PostgreSQL", provisionPostgres);
const onMoto = test.skipIf(moto === undefined);
const onBoth = test.skipIf(moto === undefined || tools === undefined);

const PATH = "/genai-demo";
const PASSWORD = "hunter2-of-the-master";

let aws: MotoServer;
let ssm: SSMClient;
let postgres: ExternalPostgres;
const given: string[] = [];

beforeAll(async () => {
  if (moto === undefined) return;
  aws = await startMoto(moto);
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" };
  ssm = new SSMClient({ region: REGION, endpoint: aws.url, credentials });
  if (tools !== undefined) postgres = await startExternalPostgres({ alwaysOwn: true, settings: { fsync: "off" } });
}, 300_000);

afterEach(async () => {
  for (const name of given.splice(0)) await ssm.send(new DeleteParameterCommand({ Name: name })).catch(() => undefined);
});

afterAll(async () => {
  ssm?.destroy();
  await postgres?.stop();
  await aws?.stop();
});

async function put(parameters: Readonly<Record<string, string>>, type: "String" | "SecureString" = "SecureString") {
  for (const [name, value] of Object.entries(parameters)) {
    const Name = `${PATH}/${name}`;
    given.push(Name);
    await ssm.send(new PutParameterCommand({ Name, Value: value, Type: type, Overwrite: true }));
  }
}

const environment = (own: Environment = {}): Environment => ({ ...aws.env, PARAMETER_PATH: PATH, ...own });
async function command(args: readonly string[], env: Environment) {
  const { code, stdout, stderr } = await runCommand(args, env);
  return { code, output: `${stdout}${stderr}` };
}

onMoto(
  "a path of more than two pages comes as a whole, in clear, and nothing of what is below or beside it",
  async () => {
    const many = Object.fromEntries(Array.from({ length: 23 }, (_, n) => [`order/P${n}`, `value ${n}`]));
    await put(many);
    await put({ "order/below/X": "no", "orders/X": "no" });
    await put({ "order/PLAIN": "plain" }, "String");
    process.env["AWS_ENDPOINT_URL_SSM"] = aws.url;
    const credentials = async () => ({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" });
    const store = await openParameterStore({ region: REGION, clock, scheduler, random: systemRandom(), credentials });
    const found = await store.read(`${PATH}/order`, 0);
    delete process.env["AWS_ENDPOINT_URL_SSM"];
    const byName = (left: string, right: string) => (left < right ? -1 : 1);
    expect(found.map(({ name, value }) => `${name} ${value}`).sort(byName)).toEqual(
      [...Array.from({ length: 23 }, (_, n) => `P${n} value ${n}`), "PLAIN plain"].sort(byName),
    );
    expect(found.filter(({ isSecure }) => !isSecure).map(({ name }) => name)).toEqual(["PLAIN"]);
    await expect(store.read(`${PATH}/nobody`, 20_000)).rejects.toThrow("there is no parameter under it");
    store.close();
  },
);

onMoto(
  "a start is refused with one message that names all, of the store and of the environment, and holds no value",
  async () => {
    await put({
      "shared/LOG_LEVEL": "hunter2",
      "order/DATABASE_URL": "mysql://u:hunter2@h/d",
      "order/LEASE_MS": "hunter2",
    });
    const { code, output } = await command(
      ["serve"],
      environment({ MODULES: "order", PORT: "x", TRUSTED_PROXIES: "" }),
    );
    expect(code).toBe(1);
    const refused = output.split("\n").filter((line) => line.includes("start.refused"));
    expect(refused).toHaveLength(1);
    for (const name of ["shared/LOG_LEVEL", "order/DATABASE_URL", "order/LEASE_MS"])
      expect(refused[0]).toContain(`${PATH}/${name} is (hidden)`);
    for (const name of ["PORT is", "OIDC_ISSUER is not set", "SERVICE_ISSUER is not set", "KAFKA_BROKERS is not set"])
      expect(refused[0]).toContain(name);
    expect(output).not.toContain("hunter2");
  },
);

onMoto("paths without a parameter refuse a start, each by name", async () => {
  const { code, output } = await command(["serve"], environment({ MODULES: "order" }));
  expect(code).toBe(1);
  for (const owner of ["shared", "order"]) expect(output).toContain(`${PATH}/${owner}: there is no parameter under it`);
});

onMoto(
  "config --parameters says what is still to be given, without a value; config shows where each comes from",
  async () => {
    await put({
      "shared/OIDC_ISSUER": "https://hunter2.example",
      "payment/WEBHOOK_SECRETS": "hunter2-hunter2-hunter2",
    });
    const own = { MODULES: "payment", KAFKA_BROKERS: "b:9098" };
    const list = async (change: Readonly<Record<string, string>> = {}) => {
      const { code, output } = await command(["config", "--parameters"], environment({ ...own, ...change }));
      expect(output).not.toContain("hunter2");
      return { code, output };
    };
    const before = await list();
    expect(before.code).toBe(1);
    expect(before.output).toMatch(/payment\/WEBHOOK_SECRETS +no +yes +parameter /);
    expect(before.output).toMatch(/shared\/KAFKA_BROKERS +yes +no +environment /);
    expect(before.output).toMatch(/payment\/DATABASE_URL +yes +yes +no /);
    expect(before.output).toContain(
      `2 are still to be given: ${PATH}/payment/DATABASE_URL, ${PATH}/shared/SERVICE_ISSUER`,
    );
    await put({
      "payment/DATABASE_URL": "postgres://u:hunter2@h/d",
      "shared/SERVICE_ISSUER": "https://hunter2.example",
    });
    expect((await list()).code).toBe(0);
    const config = await command(["config", "--mode", "serve"], environment({ ...own, TRUSTED_PROXIES: "1" }));
    expect(config.output).toMatch(/paymentDatabaseUrl +PAYMENT_DATABASE_URL +postgres:\/\/u:\*\*\*@h\/d +parameter /);
    expect(config.output).toMatch(/oidcIssuer +OIDC_ISSUER +\(hidden\) +parameter /);
  },
);

onBoth(
  "migrate works as the master whose secret RDS keeps; serve reads its parameters, and takes what changes",
  async () => {
    const secrets = new SecretsManagerClient({
      region: REGION,
      endpoint: aws.url,
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
    });
    await administer(postgres.url, `create role master login superuser password '${PASSWORD}'`);
    const { ARN = "" } = await secrets.send(
      new CreateSecretCommand({
        Name: "rds!db-11111111-2222-3333-4444-555555555555",
        SecretString: JSON.stringify({ username: "master", password: PASSWORD }),
      }),
    );
    secrets.destroy();
    const { host } = new URL(postgres.url);
    const names = ["order", "payment", "inventory", "pricing", "delivery", "notification"];
    await put(
      Object.fromEntries(
        names.flatMap((name) => [
          [`${name}/DATABASE_URL`, `postgres://${name}_app@${host}/postgres`],
          [`${name}/DATABASE_MASTER_SECRET`, ARN],
        ]),
      ),
    );
    await put({ "shared/LOG_LEVEL": "info", "shared/NEXT_RELEASE": "hunter2" });
    const migrated = await command(["migrate"], environment());
    expect(migrated.output).toContain(`current: ${names.join(", ")}`);
    expect(migrated.code).toBe(0);
    expect(migrated.output).not.toContain(PASSWORD);
    expect(
      await administer(
        postgres.url,
        "select nspowner::regrole::text as owner from pg_namespace where nspname = 'order'",
      ),
    ).toEqual([{ owner: "master" }]);

    await administer(postgres.url, `create role shop login superuser password 'hunter1'`);
    const urls = (password: string) =>
      Object.fromEntries(names.map((name) => [`${name}/DATABASE_URL`, `postgres://shop:${password}@${host}/postgres`]));
    await put(urls("hunter1"));
    const platform = await startProcess(
      ["serve"],
      environment({ DEVELOPMENT_ISSUER: "true", PARAMETER_REFRESH_MS: "1s" }),
    );
    try {
      expect(platform.output()).toContain(`${PATH}/shared/NEXT_RELEASE`);
      const said = (...words: readonly string[]) =>
        until(
          `it says ${words.join(", ")}`,
          () =>
            platform
              .output()
              .split("\n")
              .some((line) => words.every((word) => line.includes(word))),
          20_000,
        );
      await put({ "shared/LOG_LEVEL": "debug", "order/LEASE_MS": "1400" });
      await said("parameters.changed", "LOG_LEVEL");
      await said("parameters.waiting", "LEASE_MS");
      await fetch(`${platform.url}/health/live`);
      await said("request.answered", "/health/live");
      // The password ends, and with it every connection: the process takes the new one.
      await put(urls("hunter2"));
      await said("parameters.changed", "ORDER_DATABASE_URL");
      await administer(postgres.url, "alter role shop password 'hunter2'");
      await administer(postgres.url, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'shop'");
      await until("it takes an order's question", async () => (await fetch(`${platform.url}/health/ready`)).ok, 30_000);
      await until(
        "it has new connections",
        async () => {
          const [row] = await administer(
            postgres.url,
            "select count(*)::int as n from pg_stat_activity where usename = 'shop'",
          );
          return Number(row?.["n"]) > 0;
        },
        30_000,
      );
      await put({ "shared/LOG_LEVEL": "hunter2" });
      await said("parameters.away", `${PATH}/shared/LOG_LEVEL is (hidden)`);
      expect(platform.output()).not.toContain("hunter");
    } finally {
      await platform.stop();
    }
  },
);

onMoto("a secret that is not a master's, or not there, is refused without a word of it", async () => {
  await put({ "shared/LOG_LEVEL": "info", "order/DATABASE_URL": "postgres://order_app@127.0.0.1:1/shop" });
  const refused = async (name: string) =>
    (await command(["migrate", "--modules", "order"], environment({ ORDER_DATABASE_MASTER_SECRET: name }))).output;
  expect(await refused("nobody")).toContain(
    "The master's secret nobody cannot be read (ResourceNotFoundException, HTTP 40",
  );
  const secrets = new SecretsManagerClient({
    region: REGION,
    endpoint: aws.url,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
  });
  await secrets.send(new CreateSecretCommand({ Name: "odd", SecretString: "hunter2" }));
  secrets.destroy();
  const odd = await refused("odd");
  expect(odd).toContain("The secret odd is not what RDS keeps for a master");
  expect(odd).not.toContain("hunter2");
});
