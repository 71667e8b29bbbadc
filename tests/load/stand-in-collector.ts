/**
 * A collector that takes all that it is sent and keeps nothing, as a process of its own so that its work is nobody else's:
 * `bun stand-in-collector.ts PORT`. It says on `GET /` how many bytes of each signal it has taken.
 */
const taken = { traces: 0, metrics: 0 };
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  async fetch(request) {
    if (request.method === "GET") return Response.json(taken);
    const { byteLength } = await request.arrayBuffer();
    if (request.url.endsWith("/v1/traces")) taken.traces += byteLength;
    else taken.metrics += byteLength;
    return Response.json({});
  },
});
console.log(server.url.href);
