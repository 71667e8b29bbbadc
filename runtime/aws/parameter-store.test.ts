/** Parameter Store that throttles, denies, breaks, hangs or talks nonsense. How a real one pages: tests/aws. */
import { afterEach, expect, test } from "bun:test";
import { systemClock as clock } from "../clock.ts";
import { ParameterFault } from "../config/parameter-source.ts";
import { seededRandom } from "../random.ts";
import { type Scheduler, systemScheduler as scheduler } from "../scheduler.ts";
import { type Answer, type JsonServer, startJsonServer } from "./json-server.fixture.ts";
import { openParameterStore } from "./parameter-store.ts";

const PATH = "/genai-demo/order";
const VALUE = "hunter2";
const parameter = (name: string) => ({ Name: `${PATH}/${name}`, Value: VALUE, Type: "SecureString" });
const whole: Answer = { json: { Parameters: [parameter("DATABASE_URL")] } };

const servers: JsonServer[] = [];
afterEach(async () => {
  delete process.env["AWS_ENDPOINT_URL_SSM"];
  for (const server of servers.splice(0)) await server.stop();
});

function serve(answer: Parameters<typeof startJsonServer>[0]): JsonServer {
  const server = startJsonServer(answer);
  servers.push(server);
  process.env["AWS_ENDPOINT_URL_SSM"] = server.url;
  return server;
}

/** Its own pauses are short; those of the SDK are not. */
const hasty: Scheduler = { ...scheduler, sleep: (delayMs) => scheduler.sleep(delayMs / 50) };

async function open(answerMs = 5_000, waits = hasty) {
  const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: VALUE });
  const deps = { region: "us-east-1", clock, scheduler: waits, random: seededRandom(1), credentials, answerMs };
  return openParameterStore(deps);
}

async function faultOf(reading: Promise<unknown>): Promise<ParameterFault> {
  const fault = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof ParameterFault)) throw new Error(`it gave ${Bun.inspect(fault)}`);
  expect(Bun.inspect(fault)).not.toContain(VALUE);
  return fault;
}

test("asks for what is directly under the path, in clear, ten at a time, to the last page", async () => {
  const server = serve((count) =>
    count < 2
      ? { json: { Parameters: [parameter(`P${count}`)], NextToken: `page ${count + 1}` } }
      : { json: { Parameters: [parameter("P2")] } },
  );
  const found = await (await open()).read(PATH, 0);
  expect(found.map(({ name, value, isSecure }) => [name, value, isSecure])).toEqual([
    ["P0", VALUE, true],
    ["P1", VALUE, true],
    ["P2", VALUE, true],
  ]);
  const first = { Path: PATH, Recursive: false, WithDecryption: true, MaxResults: 10 };
  expect(server.asked.map(({ body }) => body)).toEqual([
    first,
    { ...first, NextToken: "page 1" },
    { ...first, NextToken: "page 2" },
  ]);
  expect(server.asked[0]?.target).toBe("AmazonSSM.GetParametersByPath");
});

test("an empty first page is no empty path", async () => {
  serve((count) => (count === 0 ? { json: { Parameters: [], NextToken: "more" } } : whole));
  expect(await (await open()).read(PATH, 0)).toHaveLength(1);
});

test("a path without any parameter is a fault, at once", async () => {
  const server = serve(() => ({ json: { Parameters: [] } }));
  const fault = await faultOf((await open()).read(PATH, 20_000));
  expect([fault.kind, server.asked.length]).toEqual(["empty", 1]);
  expect(fault.message).toContain("PARAMETER_PATH");
});

test.each<[string, string, string]>([
  [
    "the action",
    `User: arn:aws:sts::1:x is not authorized to perform: ssm:GetParametersByPath on ${VALUE}`,
    "ssm:GetParametersByPath",
  ],
  ["the key", "The ciphertext refers to a customer master key: not authorized to perform: kms:Decrypt", "kms:Decrypt"],
])("a denial of %s is told with the action, and not tried again", async (_what, message, action) => {
  const server = serve(() => ({ status: 400, type: "AccessDeniedException", message }));
  const fault = await faultOf((await open()).read(PATH, 20_000));
  expect(fault.kind).toBe("denied");
  expect(fault.message).toStartWith(`${action} is denied (AccessDeniedException, HTTP 400): `);
  expect(server.asked.length).toBe(1);
});

test.each<[string, Answer]>([
  ["throttling", { status: 400, type: "ThrottlingException", message: "Rate exceeded" }],
  ["an answer of 5xx", { status: 503, type: "ServiceUnavailable" }],
  ["nonsense", { text: `<html>${VALUE}</html>` }],
  ["an answer without its list", { json: { Values: [VALUE] } }],
  ["a parameter of another path", { json: { Parameters: [{ Name: "/other/X", Value: VALUE }] } }],
  ["a parameter without a value", { json: { Parameters: [{ Name: `${PATH}/X` }] } }],
])(
  "%s is outlasted: more attempts than the SDK's own",
  async (_what, answer) => {
    const server = serve((count) => (count < 5 ? answer : whole));
    expect(await (await open()).read(PATH, 30_000)).toHaveLength(1);
    expect(server.asked.length).toBe(6);
  },
  40_000,
);

test("throttling that goes on is given up when patience ends, and says so", async () => {
  const server = serve(() => ({ status: 400, type: "ThrottlingException", message: `Rate exceeded ${VALUE}` }));
  const fault = await faultOf((await open(5_000, scheduler)).read(PATH, 1_500));
  expect(fault.kind).toBe("unavailable");
  expect(fault.message).toContain("ThrottlingException");
  expect(server.asked.length).toBeGreaterThanOrEqual(3);
}, 20_000);

test("a store that hangs costs its time-out, and one that is gone is told", async () => {
  const server = serve(() => "hang");
  const store = await open(300);
  const startMs = performance.now();
  const hung = await faultOf(store.read(PATH, 0));
  expect([hung.kind, hung.message]).toEqual([
    "unavailable",
    "Parameter Store gave no answer within 300 ms: try again.",
  ]);
  expect(performance.now() - startMs).toBeLessThan(3_000);
  await server.stop();
  const gone = await faultOf((await open()).read(PATH, 0));
  expect(gone.kind).toBe("unavailable");
}, 20_000);

test("pages that go in circles end", async () => {
  const server = serve(() => ({ json: { Parameters: [parameter("X")], NextToken: "again" } }));
  expect((await faultOf((await open()).read(PATH, 0))).kind).toBe("unavailable");
  expect(server.asked.length).toBe(100);
}, 20_000);
