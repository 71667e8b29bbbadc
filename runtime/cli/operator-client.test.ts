import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { issueToken } from "../identity/development-issuer.ts";
import { UsageError } from "./arguments.ts";
import { OperatorError, operatorClient } from "./operator-client.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "genai-demo-operator-"));
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

/** What the command says when the platform answers this. */
async function said(status: number, text: string): Promise<string> {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(text, { status }) });
  cleanups.push(() => server.stop(true));
  const client = await operatorClient({ url: server.url.origin, token: "t" });
  const error = await failure(client({ method: "GET", path: "/ops/x" }));
  if (!(error instanceof OperatorError)) throw new Error(`expected an OperatorError, got ${error}`);
  expect(error.status).toBe(status);
  return error.message;
}

test("an address without the route is doubted, an id that is not there is not", async () => {
  const doubt = "Is this the address of a platform of this version?";
  expect(await said(404, JSON.stringify({ detail: "There is nothing at /api/v1/ops/x." }))).toEndWith(doubt);
  expect(await said(404, "<h1>Not found</h1>")).toEndWith(doubt);
  expect(await said(404, JSON.stringify({ detail: "There is no dead letter x." }))).toBe(
    "GET /ops/x: 404 There is no dead letter x. See what there is with: deadletters list",
  );
});

test("the environment's proxy gets no token for this machine", async () => {
  const before = process.env["HTTP_PROXY"];
  cleanups.push(() => {
    if (before === undefined) delete process.env["HTTP_PROXY"];
    else process.env["HTTP_PROXY"] = before;
  });
  process.env["HTTP_PROXY"] = "http://127.0.0.1:9";
  expect(await said(500, "from this machine")).toBe("GET /ops/x: 500 from this machine");
});

test("a page or an answer of many lines becomes one line of bounded length", async () => {
  expect(await said(502, "<html>\r\n  <h1>Bad gateway</h1>\n</html>\n")).toBe(
    "GET /ops/x: 502 <html> <h1>Bad gateway</h1> </html>",
  );
  expect(await said(500, JSON.stringify({ detail: "one\ntwo" }))).toBe("GET /ops/x: 500 one two");
  expect((await said(500, "x ".repeat(10_000))).length).toBeLessThan(400);
});

test("a token that cannot be one is refused in a line about the token", async () => {
  for (const token of ["a\nb", "a b", "caf\u00e9"]) {
    const error = await failure(operatorClient({ token }));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain("--token holds what no token has");
    expect(String(error)).not.toContain(token);
  }
});

test("signing keys are used where there are any, and never made", async () => {
  const dataDir = folder();
  for (const without of [dataDir, join(dataDir, "missing")]) {
    const error = await failure(operatorClient({ data: without }));
    expect(error).toBeInstanceOf(OperatorError);
    expect(String(error)).toContain(
      `there are no development keys in ${without}: give --token, or the platform's own --data`,
    );
  }
  expect([readdirSync(dataDir), existsSync(join(dataDir, "missing"))]).toEqual([[], false]);
  await issueToken({ dataDir, role: "customer", sub: "alice", ttlSeconds: 1, clock: systemClock });
  expect(await operatorClient({ data: dataDir })).toBeFunction();
});
