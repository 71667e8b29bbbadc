import { afterAll, afterEach, beforeAll, expect, spyOn, test } from "bun:test";
import { refusal, runCommand } from "../../tests/journeys/process.ts";
import { run } from "./healthcheck.ts";

const said = spyOn(console, "error").mockImplementation(() => undefined);
const printed = spyOn(console, "log").mockImplementation(() => undefined);
afterEach(() => {
  said.mockClear();
  printed.mockClear();
});
afterAll(() => {
  said.mockRestore();
  printed.mockRestore();
});

let answer: () => Response | Promise<Response> = () => new Response("{}");
let asked: string[] = [];
let server: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return answer();
    },
  });
});
afterAll(() => server.stop(true));

const check = (...args: string[]) => run(["--host", "127.0.0.1", "--internal-port", `${server.port}`, ...args], []);

test("a process that is ready is healthy, by what it says on its internal port", async () => {
  asked = [];
  answer = () => Response.json({ status: "ready" });
  expect(await check()).toBe(0);
  expect(asked).toEqual(["/health/ready"]);
  expect(printed).toHaveBeenCalledWith(`http://127.0.0.1:${server.port}/health/ready: ready`);
});

test("one that is not ready is not, and its reasons are shown", async () => {
  answer = () => Response.json({ errors: [{ field: "order", message: "is starting" }] }, { status: 503 });
  expect(await check()).toBe(1);
  expect(said.mock.calls.join()).toContain("503");
  expect(said.mock.calls.join()).toContain("is starting");
});

test("nor is one that leads elsewhere, or does not answer in time", async () => {
  answer = () => Response.redirect("/elsewhere");
  expect(await check()).toBe(1);
  answer = () => new Promise<Response>(() => undefined);
  expect(await check()).toBe(1);
  expect(said.mock.calls.at(-1)?.join()).toContain("no answer");
});

test("the environment says where: the internal port, else the one after the public port", async () => {
  const PORT = String((server.port ?? 0) - 1);
  answer = () => Response.json({});
  const { code, stdout } = await runCommand(["healthcheck"], { HOST: "127.0.0.1", PORT, INTERNAL_PORT: undefined });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `http://127.0.0.1:${server.port}/health/ready: ready\n` });
});

test("the environment's proxy is not asked", async () => {
  answer = () => Response.json({});
  const proxy = "http://127.0.0.1:1";
  const env = { HOST: "127.0.0.1", INTERNAL_PORT: `${server.port}`, HTTP_PROXY: proxy, http_proxy: proxy };
  const { code, stderr } = await runCommand(["healthcheck"], { ...env, NO_PROXY: undefined, no_proxy: undefined });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("listening on all addresses it is asked on this machine's own", async () => {
  const { code, stderr } = await runCommand(["healthcheck"], { HOST: "0.0.0.0", INTERNAL_PORT: "1" });
  expect(code).toBe(1);
  expect(stderr).toStartWith("http://127.0.0.1:1/health/ready: no answer");
});

test("a port that is none is refused", async () => {
  expect(await refusal(["healthcheck", "--port", "eighty"])).toContain("--port");
});
