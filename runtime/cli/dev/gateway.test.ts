import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { freePort } from "../../../tests/provision/external-postgres.ts";
import { rawAnswer, rawServer } from "../../rpc/raw-server.fixture.ts";
import { startGateway } from "./gateway.ts";
import { untilHealthy } from "./split/until-healthy.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A process that says who it is and what it got. */
function upstream(name: string, answer?: (request: Request) => Response | Promise<Response>) {
  const heard: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      heard.push(`${request.method} ${pathname}${search} ${await request.clone().text()}`.trim());
      return answer?.(request) ?? new Response(name, { headers: { "x-who": name } });
    },
  });
  open.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, heard };
}

function gateway(upstreams: (collection: string | null) => readonly string[]) {
  const started = startGateway({ hostname: "127.0.0.1", port: 0, upstreams });
  open.push(started.stop);
  return started;
}

test("a collection goes to its module, everything else to the edge, with all that it carries", async () => {
  const [orders, edge] = [upstream("orders"), upstream("edge")];
  const { url } = gateway((collection) => [collection === "orders" ? orders.url : edge.url]);
  const who = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).headers.get("x-who");
  expect(await who("/api/v1/orders?limit=2")).toBe("orders");
  expect(await who("/api/v1/orders/a%20b/history", { method: "POST", body: '{"a":1}' })).toBe("orders");
  expect(await who("/api/v1/ops/reconcile")).toBe("edge");
  expect(await who("/")).toBe("edge");
  expect(orders.heard).toEqual(["GET /api/v1/orders?limit=2", 'POST /api/v1/orders/a%20b/history {"a":1}']);
});

test("replicas take turns, and one that is gone is passed over", async () => {
  const [one, two] = [upstream("one"), upstream("two")];
  const gone = `http://127.0.0.1:${await freePort()}`;
  const { url } = gateway(() => [one.url, gone, two.url]);
  const answers = await Promise.all(
    Array.from({ length: 9 }, async () => (await fetch(url, { method: "POST", body: "x" })).text()),
  );
  expect(new Set(answers)).toEqual(new Set(["one", "two"]));
  expect(one.heard.length + two.heard.length).toBe(9);
});

test.each(["POST", "PUT", "DELETE"])("a %s that a process may have taken is not sent again", async (method) => {
  const server = await rawServer(({ socket }) => {
    if (server.requests === 1) socket.write(rawAnswer("200 OK", {}, "taken"));
    else socket.resetAndDestroy();
  });
  open.push(server.stop);
  const { url } = gateway(() => [server.url]);
  const send = async () => (await fetch(url, { method, body: "{}", keepalive: false })).status;
  expect([await send(), await send()]).toEqual([200, 503]);
  expect(server.requests).toBe(2);
});

test("when nobody takes it the answer is a 503 that says to send it again", async () => {
  const { url } = gateway(() => [`http://127.0.0.1:1`]);
  const reply = await fetch(`${url}/api/v1/orders`, { method: "POST", body: "{}" });
  expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await reply.json()).toMatchObject({ type: "/problems/unavailable" });
});

test("a process that dies with a request in hand is not asked again, nor is another one", async () => {
  const two = upstream("two");
  const dying = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket) => {
        socket.end();
      },
    },
  });
  open.push(async () => dying.stop(true));
  const { url } = gateway(() => [two.url, `http://127.0.0.1:${dying.port}`]);
  const reply = await fetch(url, { method: "POST", body: "x" });
  expect(reply.status).toBe(503);
  expect(two.heard).toEqual([]);
});

test("the environment's proxy is not asked for a process of this machine, and sees no token", async () => {
  const orders = upstream("orders");
  const { url } = gateway(() => [orders.url]);
  const { NO_PROXY, no_proxy, HTTP_PROXY } = process.env;
  // The suites run with this machine left out of the proxy's reach, which is to be tried here.
  Object.assign(process.env, { NO_PROXY: "", no_proxy: "", HTTP_PROXY: "http://127.0.0.1:9" });
  try {
    expect(await (await fetch(url, { proxy: false })).text()).toBe("orders");
    expect(await untilHealthy(orders.url, Promise.resolve())).toBe(orders.url);
    await expect(fetch(url)).rejects.toThrow();
  } finally {
    for (const [name, value] of Object.entries({ NO_PROXY, no_proxy, HTTP_PROXY }))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
});

test("a stream comes piece by piece", async () => {
  const { promise: asked, resolve: more } = Promise.withResolvers<void>();
  const source = upstream("stream", () => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue("first");
        await asked;
        controller.enqueue("second");
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  const { url } = gateway(() => [source.url]);
  const reader = (await fetch(url)).body?.getReader();
  const text = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await text()).toBe("first");
  more();
  expect(await text()).toBe("second");
});

test("a request without a usable Host is sent on or refused, and reports no fault of the gateway", async () => {
  const edge = upstream("edge");
  const { port } = gateway(() => [edge.url]);
  const statusOf = (head: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(`${head}\r\n\r\n`));
      socket.on("data", (bytes) => {
        resolve(/^HTTP\/1.1 (\d+)/.exec(bytes.toString())?.[1] ?? "");
        socket.destroy();
      });
    });
  expect(await statusOf("GET /health/ready HTTP/1.0")).toBe("200");
  expect(await statusOf("GET / HTTP/1.1\r\nHost: h:99999999")).toBe("400");
  expect(await statusOf("CONNECT h:80 HTTP/1.1\r\nHost: h")).toBe("400");
  expect(edge.heard).toEqual(["GET /health/ready"]);
});

test("a port that is taken is refused in one line", () => {
  const { port } = gateway(() => []);
  expect(() => startGateway({ hostname: "127.0.0.1", port, upstreams: () => [] })).toThrow(`port ${port} on 127.0.0.1`);
});
