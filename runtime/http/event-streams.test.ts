/** Streams over a real server: what clients, proxies and the process itself may do to them. */
import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { createEventStreams, EVENT_STREAM, type EventSource, type StreamEvent } from "./event-streams.ts";
import { handlerWith, httpFor, principal } from "./http.fixture.ts";
import { route } from "./route.ts";
import { type RunningServer, startServer } from "./server.ts";

const running: RunningServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(0);
});

/** A server with one stream of what `source` tells, for a caller whose token is good for `ttlMs`. */
function serve(source: EventSource, { limit = 10, limitPerCaller = 10, ttlMs = 60_000 } = {}) {
  const logged: string[] = [];
  const log = (_level: string, event: string) => void logged.push(event);
  const streams = createEventStreams({ clock: systemClock, scheduler: systemScheduler, log, limit, limitPerCaller });
  const spec = {
    method: "GET",
    path: "/stream",
    rights: { callers: "customers", object: "own" },
    summary: "Tell",
    responses: { 200: { description: "It.", mediaType: EVENT_STREAM } },
  } as const;
  const onError = (error: unknown) => void logged.push(String(error));
  const http = {
    ...httpFor({}, onError),
    verifier: {
      verify: (subject: string) => {
        const expiresAtMs = systemClock.now() + ttlMs;
        return { ok: true, principal: { ...principal("customer", [], subject), expiresAtMs } } as const;
      },
    },
  };
  const handler = handlerWith([route({ ...spec, handle: async (request) => streams.open(request, source) })], http);
  const server = startServer({
    handler,
    onError,
    scheduler: systemScheduler,
    hostname: "127.0.0.1",
    port: 0,
    portSetting: "PORT",
  });
  running.push(server);
  const leaving = new AbortController();
  const ask = (caller = "alice") =>
    fetch(`${server.url}/stream`, { headers: { authorization: `Bearer ${caller}` }, signal: leaving.signal });
  return { streams, server, logged, ask, leave: () => leaving.abort() };
}

const told = (id: number): StreamEvent => ({ id, type: "Happened", data: { n: id } });

async function* silence(signal: AbortSignal): AsyncGenerator<null, void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

test("events come as they are told, a comment where there is nothing, and the answer ends with them", async () => {
  const { ask, streams } = serve(async function* () {
    yield told(1);
    yield null;
    yield told(2);
  });
  const response = await ask();
  expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
    200,
    EVENT_STREAM,
    "no-store",
  ]);
  expect(await response.text()).toBe(
    [
      "retry: 2000\n\n",
      'id: 1\nevent: Happened\ndata: {"n":1}\n\n',
      ": still here\n\n",
      'id: 2\nevent: Happened\ndata: {"n":2}\n\n',
    ].join(""),
  );
  expect(streams.size).toBe(0);
});

test("the answer begins before there is anything to tell, and who goes is forgotten with all that waits for him", async () => {
  let signalled = false;
  const { ask, leave, streams } = serve(async function* (signal) {
    yield* silence(signal);
    signalled = true;
  });
  const response = await ask();
  const read = response.body?.getReader().read();
  expect(new TextDecoder().decode((await read)?.value)).toBe("retry: 2000\n\n");
  expect(streams.size).toBe(1);
  leave();
  await until("he is forgotten", async () => streams.size === 0 && signalled);
});

test("who has gone before the answer began leaves nothing behind", async () => {
  const { streams } = serve(silence);
  const principal = { subject: "alice", role: "customer", scopes: [], issuer: "test", expiresAtMs: 9e15 } as const;
  for (const when of ["before", "after"]) {
    const going = new AbortController();
    if (when === "before") going.abort();
    // Nobody reads the answer.
    streams.open({ principal, signal: going.signal, keepOpen: () => undefined }, silence);
    expect([when, streams.size]).toEqual([when, when === "before" ? 0 : 1]);
    going.abort();
    expect(streams.size).toBe(0);
  }
});

test("the end of the process ends a stream at once, tells its client to move on, and ends later ones as they come", async () => {
  const { ask, server, streams } = serve(silence);
  const texts = [ask().then((response) => response.text()), ask().then((response) => response.text())];
  await until("both are open", async () => streams.size === 2);
  streams.end();
  const bye = "retry: 2000\n\nretry: 250\n\n";
  expect(await Promise.all(texts)).toEqual([bye, bye]);
  expect(await (await ask()).text()).toBe(bye);
  expect(await server.stop(5_000)).toBe(true);
});

test("a stream does not outlive its caller's token", async () => {
  const { ask, streams } = serve(silence, { ttlMs: 200 });
  expect(await (await ask()).text()).toBe("retry: 2000\n\n");
  expect(streams.size).toBe(0);
});

test("more than the process may carry are refused, until one ends", async () => {
  const { ask, streams } = serve(silence, { limit: 1 });
  const first = await ask();
  const second = await ask();
  expect([second.status, second.headers.get("retry-after"), await second.json()]).toEqual([
    503,
    "5",
    expect.objectContaining({ type: "/problems/overloaded" }),
  ]);
  await first.body?.cancel();
  await until("there is room again", async () => streams.size === 0);
  expect((await ask()).status).toBe(200);
});

test("one caller does not take the room of the others", async () => {
  const { ask, streams } = serve(silence, { limitPerCaller: 2 });
  const [first] = [await ask(), await ask()];
  const third = await ask();
  expect([third.status, third.headers.get("retry-after"), await third.json()]).toEqual([
    429,
    "5",
    expect.objectContaining({ type: "/problems/rate-limited" }),
  ]);
  expect((await ask("bob")).status).toBe(200);
  await first.body?.cancel();
  await until("one is closed", async () => streams.size === 2);
  expect((await ask()).status).toBe(200);
});

test("a source that fails ends its stream, and says why in the log", async () => {
  const { ask, logged, streams } = serve(async function* () {
    yield told(1);
    throw new Error("a bug");
  });
  expect(await (await ask()).text()).toContain("id: 1\n");
  expect([logged, streams.size]).toEqual([["stream.failed"], 0]);
});

test("nothing is asked for a reader that takes nothing, and the process ends without him", async () => {
  const MOST = 5_000;
  let asked = 0;
  const { server, streams } = serve(async function* () {
    while (asked < MOST) yield { id: ++asked, type: "Happened", data: "x".repeat(64 * 1024) };
  });
  const socket = connect(server.port, "127.0.0.1");
  socket.pause();
  socket.on("error", () => undefined);
  socket.write("GET /stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\n\r\n");
  let before = -1;
  await until("no more is asked for", async () => {
    const stands = asked > 0 && asked === before;
    before = asked;
    await Bun.sleep(100);
    return stands;
  });
  expect(asked).toBeLessThan(MOST / 2);
  streams.end();
  expect(streams.size).toBe(0);
  expect(await server.stop(100)).toBe(false);
  socket.destroy();
});
