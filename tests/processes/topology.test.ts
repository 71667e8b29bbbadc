/** Who runs what is answered while one process hangs and another is dead, with both named. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { type Client, createClient, eventually } from "../journeys/client.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type PlatformProcess, startProcess } from "../journeys/process.ts";
import { makeSplitData } from "../journeys/split-shape.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";

setDefaultTimeout(90_000);

const topology = z.object({
  ok: z.boolean(),
  problems: z.array(z.object({ module: z.string(), address: z.string(), problem: z.string() })),
  modules: z.array(
    z.object({ name: z.string(), ready: z.boolean(), instances: z.array(z.object({ answered: z.boolean() })) }),
  ),
});

const GROUPS = [["order", "pricing", "notification"], ["payment"], ["inventory", "delivery"]] as const;

const servers = openTopologyServers();
let data: Awaited<ReturnType<typeof makeSplitData>> | undefined;
const running: PlatformProcess[] = [];
let operator: Client;

beforeAll(async () => {
  const given = await provideOrSkip("the topology with a process that hangs", () =>
    servers.settingsFor(["postgres", "redis", "kafka"]),
  );
  if (!given) return;
  const { DATABASE_URL: databaseUrl = "", KAFKA_BROKERS: kafkaBrokers = "", REDIS_URL: redisUrl = "" } = given;
  data = await makeSplitData({ databaseUrl, kafkaBrokers, redisUrl }, {});
  const { settings, dataDir } = data;
  const placed = await Promise.all(GROUPS.map(async (modules) => ({ modules, port: await freeServerPort() })));
  const rpcUrls = Object.fromEntries(
    placed.flatMap(({ modules, port }) =>
      modules.map((module) => [`${module.toUpperCase()}_RPC_URL`, `http://127.0.0.1:${port}`]),
    ),
  );
  for (const { modules, port } of placed)
    running.push(
      await startProcess(["serve"], {
        ...settings,
        ...rpcUrls,
        MODULES: modules.join(","),
        INTERNAL_PORT: String(port),
      }),
    );
  operator = createClient(running[0]?.url ?? "", await tokenOf(dataDir, "operator", "olga"));
});
afterAll(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await data?.remove();
  await servers.stop();
});

async function look() {
  const answer = await operator.send({ method: "GET", path: "/api/v1/ops/topology" });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return topology.parse(JSON.parse(answer.text));
}

test("one that hangs and one that is dead are named with the reason, and hide none of the others", async () => {
  if (!data) return;
  const [, hanging, dying] = running;
  if (!hanging || !dying) throw new Error("three processes were started");
  expect((await eventually(look, ({ ok }) => ok)).problems).toEqual([]);

  process.kill(hanging.pid, "SIGSTOP");
  try {
    await dying.kill("process");
    const { ok, problems, modules } = await look();
    expect(ok).toBe(false);
    expect(problems).toEqual([
      { module: "payment", address: hanging.internalUrl, problem: expect.stringContaining("gave no answer in") },
      { module: "inventory", address: dying.internalUrl, problem: expect.stringContaining("cannot be reached") },
      { module: "delivery", address: dying.internalUrl, problem: expect.stringContaining("cannot be reached") },
    ]);
    expect(modules.filter(({ ready }) => ready).map(({ name }) => name)).toEqual(["order", "pricing", "notification"]);
  } finally {
    process.kill(hanging.pid, "SIGCONT");
  }
  const after = await eventually(look, ({ problems }) => problems.every(({ module }) => module !== "payment"));
  expect(after.problems.map(({ module }) => module)).toEqual(["inventory", "delivery"]);
  expect(after.modules.find(({ name }) => name === "payment")).toMatchObject({
    ready: true,
    instances: [{ answered: true }],
  });
});
