/** Two colours of real processes, by the word of a stand-in for the API server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { startApiServer } from "../../runtime/activity/api-server.fixture.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { previousProgram } from "../upgrade/previous.ts";
import { startColours } from "./arena.ts";
import { isSole, takeOver, until } from "./takeover.ts";

setDefaultTimeout(120_000);
const OVERLAP_MS = 1_500;
const CONFIRMED_WITHIN_MS = 5_000;
const AWAY_MS = 1_500;

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

test.each(["inprocess", "kafka"] as const)(
  "over %s: one colour works at a time but for the overlap, and no order waits for it",
  async (transport) => {
    const seed = Math.floor(Date.now() / 1000);
    const api = startApiServer();
    cleanup.push(api.stop);
    const access = { url: api.url, namespace: "genai-demo", service: "platform", token: "token-1", ca: null };
    const arena = await provideOrSkip(`two colours over ${transport}`, () =>
      startColours({ transport, api: access, overlapMs: OVERLAP_MS }),
    );
    if (!arena) return;
    cleanup.push(arena.stop);
    const takeover = await takeOver({
      arena,
      seed,
      buyers: 4,
      blue: "5d4f8c7b9",
      green: "7c6d5f4b8",
      select: async (hash) => api.select(hash),
      async more(load, { active, idle }) {
        // The API server goes away: who was told last, goes on.
        api.answer = () => new Response("", { status: 503 });
        api.endWatches();
        await Bun.sleep(AWAY_MS);
        await load.confirm();
        expect([await active.isActive(), await idle.isActive()]).toEqual([true, false]);
        api.answer = () => undefined;
      },
    });
    const { violations, failedRequests, switches, longestConfirmMs } = takeover;
    const found = {
      violations,
      failedRequests,
      late: switches.filter(({ activeAfterMs }) => activeAfterMs > CONFIRMED_WITHIN_MS),
      early: switches.filter(({ idleAfterMs }) => idleAfterMs < OVERLAP_MS),
      isGap: longestConfirmMs > CONFIRMED_WITHIN_MS,
    };
    expect([found, takeover]).toEqual([
      { violations: [], failedRequests: 0, late: [], early: [], isGap: false },
      expect.objectContaining({ switches: [expect.anything(), expect.anything()] }),
    ]);
  },
);

test("a release that knows no colours keeps all shards while this one stands by, and shares them after the switch", async () => {
  const api = startApiServer({ hash: "v01" });
  cleanup.push(api.stop);
  const access = { url: api.url, namespace: "genai-demo", service: "platform", token: "token-1", ca: null };
  const arena = await provideOrSkip("a release that knows no colours", () =>
    startColours({ transport: "inprocess", api: access, overlapMs: OVERLAP_MS }),
  );
  if (!arena) return;
  cleanup.push(arena.stop);
  await arena.start("v01", await previousProgram());
  await until("the older release holds all shards", () => isSole(arena));
  const green = await arena.start("green");
  expect(await green.isActive()).toBe(false);
  await Bun.sleep(AWAY_MS);
  for (const each of await arena.replicas()) expect(each).toMatchObject({ active: 1, idle: 1, shardsOfActive: 16 });
  expect(await green.handled()).toBe(0);
  api.select("green");
  await until("both share the shards", async () =>
    (await arena.replicas()).every(
      ({ active, idle, shardsOfActive }) => active === 2 && idle === 0 && shardsOfActive === 16,
    ),
  );
});
