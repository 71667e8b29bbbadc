import { afterEach, expect, test } from "bun:test";
import { until } from "../until.fixture.ts";
import { type Exchanged, openConnections } from "./exchange.ts";
import { type RawRequest, type RawServer, rawAnswer, rawServer } from "./raw-server.fixture.ts";
import { ANSWER_LIMIT_BYTES } from "./wire.ts";

const JSON_TYPE = { "content-type": "application/json" };
const PROBLEM_TYPE = { "content-type": "application/problem+json" };
const ok = (text = "{}") => rawAnswer("200 OK", JSON_TYPE, text);
const never = new AbortController().signal;

const servers: RawServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function calleeOf(answer: (request: RawRequest) => void) {
  const server = await rawServer(answer);
  servers.push(server);
  const connections = openConnections();
  const ask = (signal = never): Promise<Exchanged> =>
    connections.exchange({ url: `${server.url}/rpc/a/b`, token: "t0k3n", text: '{"a":1}', timeoutMs: 1234 }, signal);
  return { server, connections, ask };
}
const answering = (text: string) => calleeOf(({ socket }) => socket.write(text));

function failed(exchanged: Exchanged) {
  if (exchanged.ok) throw new Error(`expected a failure, got ${exchanged.text}`);
  return exchanged;
}

test("one connection serves request after request; the token and the time left are on each", async () => {
  const heads: string[] = [];
  const { server, ask } = await calleeOf(({ socket, head }) => {
    heads.push(head.toLowerCase());
    socket.write(ok());
  });
  for (let n = 0; n < 20; n++) expect(await ask()).toEqual({ ok: true, text: "{}" });
  expect([server.requests, server.connections]).toEqual([20, 1]);
  for (const head of heads) {
    expect(head).toStartWith("post /rpc/a/b http/1.1\r\n");
    expect(head).toContain("authorization: bearer t0k3n\r\n");
    expect(head).toContain("rpc-timeout-ms: 1234\r\n");
    expect(head).toContain("content-type: application/json\r\n");
  }
});

test("a connection that the callee closed while it was idle is not used again", async () => {
  const { server, ask } = await calleeOf(({ socket }) => {
    socket.write(ok());
    socket.end();
  });
  expect((await ask()).ok).toBe(true);
  await until("the connection has ended", () => server.ended === 1);
  expect((await ask()).ok).toBe(true);
  expect([server.requests, server.connections]).toEqual([2, 2]);
});

test("a POST is never sent again by itself", async () => {
  const { server, ask } = await calleeOf(({ socket, number }) => {
    if (number === 1) socket.write(ok());
    else socket.resetAndDestroy();
  });
  await ask();
  expect(failed(await ask()).kind).toBe("lost");
  expect(server.requests).toBe(2);
});

test("idle connections can be dropped, for they may be dead", async () => {
  const { promise: bothAreThere, resolve } = Promise.withResolvers<void>();
  const { server, connections, ask } = await calleeOf(async ({ socket, connection, number }) => {
    if (connection === 2) resolve();
    await bothAreThere;
    // The far ends of the first two vanish without a word.
    if (connection > 2 || number === 1) socket.write(ok());
  });
  await Promise.all([ask(), ask()]);
  const abort = new AbortController();
  const waiting = ask(abort.signal);
  await until("the request has arrived", () => server.requests === 3);
  abort.abort(new Error("late"));
  expect((await waiting).ok).toBe(false);
  connections.dropIdle();
  expect((await ask()).ok).toBe(true);
  expect(server.connections).toBe(3);
});

test("nobody listens there: nothing was sent", async () => {
  const { server, ask } = await answering(ok());
  await server.stop();
  servers.length = 0;
  expect(failed(await ask())).toMatchObject({ kind: "unreachable", status: 0 });
  const nowhere = { url: "http://nowhere.invalid/rpc/a/b", token: "t", text: "{}", timeoutMs: 1 };
  expect(failed(await openConnections().exchange(nowhere, never)).kind).toBe("unreachable");
});

const partOf = (text: string, bytes: number) => text.slice(0, text.length - bytes);
const lost: readonly (readonly [string, (request: RawRequest) => void])[] = [
  ["closed before an answer", ({ socket }) => socket.destroy()],
  ["reset before an answer", ({ socket }) => socket.resetAndDestroy()],
  ["closed in the headers", ({ socket }) => socket.end("HTTP/1.1 200 OK\r\ncontent-ty")],
  ["closed in the body", ({ socket }) => socket.end(partOf(ok('{"long":"answer"}'), 5))],
  [
    "closed in a chunked body",
    ({ socket }) =>
      socket.end("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
  ],
];
test.each(lost)("a connection %s may have carried the request out", async (_what, answer) => {
  const { ask } = await calleeOf(answer);
  expect(failed(await ask())).toMatchObject({ kind: "lost", status: 0, reason: expect.stringContaining("ECONNRESET") });
});

function withBody(header: string, body: Uint8Array): Uint8Array {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${header}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
const foreign: readonly (readonly [string, string | Uint8Array])[] = [
  ["is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["is a page", rawAnswer("200 OK", { "content-type": "text/html; charset=utf-8" }, "<html>")],
  ["has no type", rawAnswer("200 OK", {}, "{}")],
  ["is a page of an error", rawAnswer("502 Bad Gateway", { "content-type": "text/html" }, "<html>")],
  ["sends elsewhere", rawAnswer("302 Found", { location: "http://127.0.0.1:9/" }, "")],
  ["is empty", rawAnswer("204 No Content", {}, "")],
  ["is no UTF-8", withBody("", Buffer.from([0xff, 0xfe]))],
  ["is compressed unasked", withBody("content-encoding: gzip\r\n", Bun.gzipSync("{}"))],
];
test.each(foreign)("what answers and %s is no process of ours", async (_what, bytes) => {
  const { ask } = await calleeOf(({ socket }) => socket.write(bytes));
  expect(failed(await ask()).kind).toBe("foreign");
});

test("what is refused is told in the callee's own words, in one line of bounded length", async () => {
  const detail = `first\nsecond ${"x".repeat(5000)}`;
  const { ask } = await answering(
    rawAnswer("403 Forbidden", PROBLEM_TYPE, JSON.stringify({ detail, instance: "urn:uuid:1" })),
  );
  const { kind, status, reason } = failed(await ask());
  expect({ kind, status }).toEqual({ kind: "declined", status: 403 });
  expect(reason).toStartWith("answers 403: first second xxx");
  expect(reason.length).toBeLessThan(400);
});

test("a problem that cannot be read is a refusal all the same", async () => {
  for (const body of ["", "not json", "[]", "null", `{"detail":"${"x".repeat(70_000)}"}`]) {
    const { ask } = await answering(rawAnswer("500 Internal Server Error", PROBLEM_TYPE, body));
    expect(failed(await ask())).toMatchObject({ kind: "declined", reason: "answers 500" });
  }
});

test.each([
  ["1", 1000],
  ["0", 0],
  ["Wed, 21 Oct 2026 07:28:00 GMT", null],
  ["-1", null],
] as const)("busy with Retry-After: %s", async (retryAfter, retryAfterMs) => {
  const { ask } = await answering(
    rawAnswer("503 Service Unavailable", { ...PROBLEM_TYPE, "retry-after": retryAfter }, "{}"),
  );
  expect(failed(await ask())).toMatchObject({ kind: "busy", retryAfterMs });
});

test("an answer may be large, up to a limit, and one that never ends is cut off", async () => {
  const large = JSON.stringify("x".repeat(4_000_000));
  const fine = await answering(ok(large));
  expect(await fine.ask()).toEqual({ ok: true, text: large });
  const block = `10000\r\n${"x".repeat(65_536)}\r\n`;
  let sent = 0;
  const endless = await calleeOf(({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    const more = () => {
      while (!socket.destroyed && sent < 10 * ANSWER_LIMIT_BYTES && socket.write(block)) sent += 65_536;
    };
    socket.on("drain", more);
    more();
  });
  expect(failed(await endless.ask())).toMatchObject({ kind: "foreign", reason: expect.stringContaining("more than") });
  await until("the connection has ended", () => endless.server.ended === 1);
  expect(sent).toBeLessThan(5 * ANSWER_LIMIT_BYTES);
});

test("a proxy of the environment never sees a token", async () => {
  const { server } = await answering(ok());
  const script = `
    const { openConnections } = await import(${JSON.stringify(`${import.meta.dir}/exchange.ts`)});
    const sent = { url: ${JSON.stringify(`${server.url}/rpc/a/b`)}, token: "t", text: "{}", timeoutMs: 1000 };
    console.log(JSON.stringify(await openConnections().exchange(sent, new AbortController().signal)));
    process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    stdout: "pipe",
    env: { PATH: process.env.PATH, HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" },
  });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({ ok: true, text: "{}" });
});
