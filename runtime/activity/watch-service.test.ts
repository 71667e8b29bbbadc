import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSelfSigned } from "../../tests/provision/self-signed.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { type ApiServer, startApiServer } from "./api-server.fixture.ts";
import type { ServiceProblem } from "./rollout-activity.ts";
import { watchService } from "./watch-service.ts";

setDefaultTimeout(20_000);
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "watch-service-"));
  cleanup.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function serving(options: Parameters<typeof startApiServer>[0] = {}): ApiServer {
  const api = startApiServer(options);
  cleanup.push(api.stop);
  return api;
}

interface Given {
  readonly url: string;
  readonly service?: string;
  readonly roundMs?: number;
  readonly ca?: string;
  readonly token?: string;
}

/** Watches from now on; what it tells is kept. */
async function watching({ url, service = "platform", roundMs = 15_000, ca = "", token = "token-1" }: Given) {
  const directory = await temporary();
  const tokenFile = join(directory, "token");
  const caFile = join(directory, "ca.crt");
  await writeFile(tokenFile, `${token}\n`);
  await writeFile(caFile, ca);
  const hashes: (string | null)[] = [];
  const problems: (ServiceProblem | null)[] = [];
  const watch = watchService({
    url,
    namespace: "genai-demo",
    service,
    tokenFile,
    caFile,
    roundMs,
    clock: systemClock,
    scheduler: systemScheduler,
    random: systemRandom(),
    listener: { selects: (hash) => void hashes.push(hash), problem: (problem) => void problems.push(problem) },
  });
  watch.start();
  cleanup.push(watch.stop);
  const problem = () => problems.at(-1);
  return {
    watch,
    tokenFile,
    hashes,
    problems,
    last: () => hashes.at(-1),
    problem,
    isWatched: () => problem() === null,
  };
}

const soon = (what: string, holds: () => boolean) => until(what, holds, 8_000);

test("tells what the Service selects, and each change when it happens", async () => {
  const api = serving({ hash: "blue" });
  const { hashes, problem, isWatched } = await watching(api);
  await soon("it is watched", isWatched);
  expect([hashes, problem()]).toEqual([["blue"], null]);
  const switchedMs = systemClock.now();
  api.select("green");
  await soon("the switch is told", () => hashes.at(-1) === "green");
  expect(systemClock.now() - switchedMs).toBeLessThan(500);
  api.select(null);
  await soon("no hash is told", () => hashes.at(-1) === null);
  expect(api.asked).toEqual(["get", "watch"]);
});

test("a change that no watch has told is found with the next round, and rounds end by themselves", async () => {
  const api = serving({ hash: "blue" });
  // A connection that has died without a word: the server believes that it tells, and nothing comes.
  api.answer = (verb) =>
    verb === "watch" ? new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array([10])) })) : undefined;
  const { last } = await watching({ ...api, roundMs: 100 });
  await soon("it watches", () => api.asked.includes("watch"));
  api.select("green");
  await soon("the switch is found", () => last() === "green");
});

test("a version that the server knows no more, by its status or in the stream, begins a new round", async () => {
  const api = serving({ hash: "blue" });
  const { last, problems, isWatched } = await watching(api);
  await soon("it is watched", isWatched);
  api.forget();
  api.send(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "Expired" } })}\n`);
  await soon("it is watched again", () => api.asked.filter((verb) => verb === "watch").length === 2);
  let isGone = true;
  api.answer = (verb) => (verb === "watch" && isGone ? new Response("", { status: 410 }) : undefined);
  api.endWatches();
  await soon("it asks again", () => api.asked.filter((verb) => verb === "get").length >= 3);
  isGone = false;
  api.select("green");
  await soon("it knows", () => last() === "green");
  expect(problems.filter((each) => each !== null)).toEqual([]);
});

test("bookmarks, other Services and what a later version may tell change nothing", async () => {
  const api = serving({ hash: "blue" });
  const { hashes, problems, isWatched } = await watching(api);
  await soon("it is watched", isWatched);
  const other = {
    metadata: { name: "other", resourceVersion: "7" },
    spec: { selector: { "rollouts-pod-template-hash": "x" } },
  };
  for (const event of [
    { type: "BOOKMARK", object: { metadata: { resourceVersion: "101" } } },
    { type: "MODIFIED", object: other },
    { type: "SOMETHING_NEW", object: null },
  ])
    api.send(`${JSON.stringify(event)}\n`);
  api.select("green");
  await soon("the switch is told", () => hashes.at(-1) === "green");
  expect([hashes, problems]).toEqual([["blue", "green"], [null]]);
});

test("an event may come in pieces; half a line at the end is left to the next round", async () => {
  const api = serving({ hash: "blue" });
  const { hashes, isWatched } = await watching(api);
  await soon("it is watched", isWatched);
  const event = JSON.stringify({
    type: "MODIFIED",
    object: {
      metadata: { name: "platform", resourceVersion: "101" },
      spec: { selector: { "rollouts-pod-template-hash": "green" } },
    },
  });
  for (const part of [event.slice(0, 30), event.slice(30, 80), `${event.slice(80)}\n`]) {
    api.send(part);
    await systemScheduler.sleep(20);
  }
  await soon("it is told", () => hashes.at(-1) === "green");
  api.send(event.slice(0, 50));
  api.endWatches();
  await soon("it is asked again, and is blue", () => hashes.at(-1) === "blue");
});

test("a watch that the server ends at once again and again is begun with pauses", async () => {
  const api = serving({ hash: "blue" });
  api.answer = (verb) => (verb === "watch" ? new Response("") : undefined);
  await watching(api);
  await systemScheduler.sleep(2_000);
  expect(api.asked.filter((verb) => verb === "watch").length).toBeLessThanOrEqual(8);
});

const answers: readonly (readonly [string, () => Response, Partial<ServiceProblem>])[] = [
  [
    "403",
    () => new Response("", { status: 403 }),
    { isRefusal: true, text: expect.stringContaining("resourceNames: [platform]") },
  ],
  [
    "404",
    () => new Response("", { status: 404 }),
    { isRefusal: true, text: expect.stringContaining("there is none (404)") },
  ],
  ["500", () => new Response("", { status: 500 }), { isRefusal: false, text: expect.stringContaining("500") }],
  ["429", () => new Response("", { status: 429 }), { isRefusal: false, text: expect.stringContaining("429") }],
  ["no JSON", () => new Response("<html>"), { isRefusal: false, text: expect.stringContaining("<html>") }],
  [
    "no Service",
    () => Response.json({ kind: "Pod" }),
    { isRefusal: false, text: expect.stringContaining("no Service") },
  ],
  [
    "another Service",
    () =>
      Response.json({
        metadata: { name: "platform-preview", resourceVersion: "7" },
        spec: { selector: { "rollouts-pod-template-hash": "green" } },
      }),
    { isRefusal: false, text: expect.stringContaining('another one: "platform-preview"') },
  ],
  ["a redirect", () => Response.redirect("http://127.0.0.1:9/"), { isRefusal: false }],
];
test.each(answers)("%s is a problem until it passes; what was told stands", async (_name, given, problemTold) => {
  const api = serving({ hash: "blue" });
  const { hashes, problem, isWatched } = await watching(api);
  await soon("it is watched", isWatched);
  api.answer = (verb) => (verb === "get" ? given() : undefined);
  api.endWatches();
  await soon("it is told", () => problem() !== null && problem() !== undefined);
  expect(problem()).toMatchObject({
    text: expect.stringContaining("Service platform in namespace genai-demo"),
    ...problemTold,
  });
  expect(hashes).toEqual(["blue"]);
  api.answer = () => undefined;
  api.select("green");
  await soon("it is known again", () => problem() === null && hashes.at(-1) === "green");
});

test("where it may be asked for and not watched, that is told, and it is asked for all the same", async () => {
  const api = serving({ hash: "blue" });
  api.answer = (verb) => (verb === "watch" ? new Response("", { status: 403 }) : undefined);
  const { last, problem } = await watching(api);
  await soon("it is told", () => problem()?.text.includes("may not watch it") === true);
  api.select("green");
  await soon("it is known all the same", () => last() === "green");
  expect(problem()?.isRefusal).toBe(true);
});

test("garbage and errors in a watch are problems; a Service that was deleted is one until there is another", async () => {
  const api = serving({ hash: "blue" });
  const { last, problem, isWatched } = await watching(api);
  const bad = [
    ["!!\n", "no Service"],
    [`${JSON.stringify({ type: "MODIFIED", object: {} })}\n`, "no Service"],
    [`${JSON.stringify({ type: "ERROR", object: { code: 500, message: "etcd" } })}\n`, "ends the watch: etcd"],
    [`${JSON.stringify({ type: "DELETED", object: {} })}\n`, "it was deleted"],
    ["x".repeat(1_100_000), "a line of more than"],
  ] as const;
  for (const [text, says] of bad) {
    await soon("it is watched", isWatched);
    api.send(text);
    await soon(says, () => !isWatched());
    expect(problem()?.text).toContain(says);
  }
  api.select("green");
  await soon("it goes on", () => last() === "green");
});

test("a server that accepts and does not answer is given up, and asked again", async () => {
  const api = serving({ hash: "blue" });
  api.answer = () => (api.asked.length === 1 ? new Promise<Response>(() => undefined) : undefined);
  const { problems, last } = await watching(api);
  await soon("it is known", () => last() === "blue");
  expect(problems[0]?.text).toContain("does not answer in 3000 ms");
});

test("a server that is away is asked until it is there", async () => {
  const first = serving({ hash: "blue" });
  const { port } = first;
  const { problem, last, isWatched } = await watching(first);
  await soon("it is watched", isWatched);
  await first.stop();
  await soon("it is told", () => problem() !== null);
  expect(problem()?.isRefusal).toBe(false);
  serving({ hash: "green", port });
  await soon("it is known", () => last() === "green" && problem() === null);
});

test("the token is read anew for each request, since it is renewed in its file", async () => {
  const api = serving({ hash: "blue" });
  const { tokenFile, problem, isWatched } = await watching(api);
  await soon("it is watched", isWatched);
  api.tokens.clear();
  api.tokens.add("token-2");
  api.endWatches();
  await soon("the old one is refused", () => problem()?.text.includes("(401)") === true);
  await writeFile(tokenFile, "token-2");
  await soon("the new one is taken", () => problem() === null);
  await rm(tokenFile);
  api.endWatches();
  await soon("there is none", () => problem()?.text.includes("KUBERNETES_TOKEN_FILE") === true);
  expect(problem()?.isRefusal).toBe(true);
});

test("over TLS the server's authority and name are checked", async () => {
  const directory = await temporary();
  const [own, foreign] = [
    makeSelfSigned(directory, "IP:127.0.0.1"),
    makeSelfSigned(directory, "DNS:elsewhere.example"),
  ];
  const pem = (file: string) => readFile(file, "utf8");
  const tls = async ({ certificate, key }: typeof own) => ({ cert: await pem(certificate), key: await pem(key) });
  const [right, misnamed] = [
    serving({ hash: "blue", tls: await tls(own) }),
    serving({ hash: "blue", tls: await tls(foreign) }),
  ];
  const trusted = await watching({ ...right, ca: await pem(own.certificate) });
  await soon("the right one is watched", () => right.watches() === 1 && trusted.last() === "blue");
  for (const [url, ca] of [
    [right.url, await pem(foreign.certificate)],
    [misnamed.url, await pem(foreign.certificate)],
  ] as const) {
    const { problem, hashes } = await watching({ url, ca });
    await soon("it is refused", () => problem() != null);
    expect(hashes).toEqual([]);
  }
  expect([misnamed.asked, right.asked]).toEqual([[], ["get", "watch"]]);
});

test("stopping breaks off a watch, a request and a pause at once", async () => {
  for (const answer of [
    () => undefined,
    () => new Promise<Response>(() => undefined),
    () => new Response("", { status: 500 }),
  ]) {
    const api = serving({ hash: "blue" });
    api.answer = answer;
    const { watch } = await watching(api);
    await soon("it has asked", () => api.asked.length > 0);
    await systemScheduler.sleep(50);
    const beganMs = systemClock.now();
    await watch.stop();
    expect(systemClock.now() - beganMs).toBeLessThan(500);
  }
});
