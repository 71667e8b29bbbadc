/** A Redis that takes only TLS, and who trusts it. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExternalRedis, startExternalRedis } from "../../tests/provision/external-redis.ts";
import { provideOrSkip } from "../../tests/provision/missing.ts";
import { makeSelfSigned } from "../../tests/provision/self-signed.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { verifiedTls } from "../verified-tls.ts";
import { becameThere, type End, hasRedis, openEnd } from "./adapters.fixture.ts";
import { openRedisConnection } from "./redis-connection.ts";
import { parseRedisUrl } from "./redis-url.ts";

setDefaultTimeout(60_000);
const folder = await mkdtemp(join(tmpdir(), "genai-demo-redis-tls-"));
const makeCertificates = async () => ({
  own: makeSelfSigned(folder, "IP:127.0.0.1"),
  elsewhere: makeSelfSigned(folder, "DNS:elsewhere.example"),
});
const made = (await hasRedis("runtime/cache/redis-tls"))
  ? await provideOrSkip("runtime/cache/redis-tls", makeCertificates)
  : undefined;
const onRedis = test.skipIf(made === undefined);

const servers: ExternalRedis[] = [];
const opened: End[] = [];
let [own, elsewhere] = ["", ""];

beforeAll(async () => {
  if (made === undefined) return;
  servers.push(await startExternalRedis({ tls: made.own, password: "sesame" }));
  servers.push(await startExternalRedis({ tls: made.elsewhere }));
  own = await readFile(made.own.certificate, "utf8");
  elsewhere = await readFile(made.elsewhere.certificate, "utf8");
}, 300_000);

afterEach(() => {
  for (const end of opened.splice(0)) end.close();
});

afterAll(async () => {
  for (const server of servers) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function open(url: string, ca?: string, connectMs = 3_000): End {
  const end = openEnd(url, { connectMs }, ca);
  opened.push(end);
  return end;
}

async function refusal(end: End): Promise<string> {
  await until("it is told that Redis is away", () => end.conditions.length > 0, 20_000);
  expect(await end.cache.set("key", "text", 1_000)).toBe(false);
  return end.conditions[0] ?? "it is there";
}

onRedis("the given authority and the right name are trusted, also after the server has come back", async () => {
  const [server] = servers;
  const [end, other] = [open(server?.url ?? "", own), open(server?.url ?? "", own)];
  await Promise.all([end, other].map(becameThere));
  expect(await end.cache.set("key", "text", 60_000)).toBe(true);
  expect(await other.cache.get("key")).toBe("text");
  await server?.kill();
  await until("it is away", () => end.conditions.length === 2 && other.conditions.length === 2, 20_000);
  await server?.start();
  await Promise.all([end, other].map(becameThere));
  expect(await other.cache.get("key")).toBeNull();
});

onRedis("another authority or another name is not", async () => {
  const [server, misnamed] = servers;
  const url = server?.url ?? "";
  expect(await refusal(open(url))).toMatch(/self.signed|certificate/i);
  expect(await refusal(open(url, elsewhere))).toMatch(/self.signed|certificate/i);
  expect(await refusal(open(misnamed?.url ?? "", elsewhere))).toMatch(/altname|127\.0\.0\.1/i);
});

onRedis("without TLS it is not even asked", async () => {
  const url = servers[1]?.url.replace("rediss:", "redis:") ?? "";
  await refusal(open(url));
});

test("a server that says nothing before the connection is encrypted is given up", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  const end = open(`rediss://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, undefined, 200);
  await refusal(end);
  await until("it is tried again", () => sockets.length > 3, 20_000);
  end.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test("what cannot even begin to connect is told, and tried again", async () => {
  const conditions: (string | null)[] = [];
  const connection = openRedisConnection({
    renew: "reconnect",
    target: { ...parseRedisUrl("rediss://127.0.0.1:1"), tls: verifiedTls("127.0.0.1", "no authority") },
    scheduler: systemScheduler,
    random: systemRandom(),
    limits: { connectMs: 1_000, silenceMs: 1_000, proveEveryMs: 1_000 },
    prove: async () => undefined,
    condition: (problem) => conditions.push(problem),
  });
  await until("it is tried again", () => conditions.length > 2, 20_000);
  expect(conditions[0]).toMatch(/CA/);
  connection.close();
});
