/** What a running process makes of parameters that change. */
import { expect, test } from "bun:test";
import { seededRandom } from "../random.ts";
import { createLiveConfig } from "./live-config.ts";
import { type ConfigFault, type GivenParameters, loadConfig, optional, setting } from "./load.ts";
import { integer, sameBesidesLogin, secretOf, url } from "./parsers.ts";

const INTERVAL_MS = 10_000;
const URL_OF = (login: string, host = "db") => `postgres://${login}@${host}/shop`;

const settings = {
  limit: setting({ env: "LIMIT", parser: integer(1, 10), fallback: 1, live: true, description: "" }),
  size: setting({ env: "SIZE", parser: integer(1, 10), fallback: 1, description: "" }),
  place: optional({
    env: "PLACE",
    parser: secretOf(url("postgres")),
    secret: true,
    live: sameBesidesLogin,
    description: "",
  }),
};

/** A process that has started with those texts, and whatever is read from then on. */
function started(begin: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const given = (texts: Readonly<Record<string, string>>): GivenParameters =>
    new Map(Object.entries(texts).map(([name, text]) => [name, { text, path: `/shop/${name}`, isSecure: true }]));
  const load = (parameters: GivenParameters) => loadConfig(settings, { env, parameters }).config;
  let next: { texts: Readonly<Record<string, string>>; faults: readonly ConfigFault[] } = { texts: begin, faults: [] };
  const delays: number[] = [];
  const tasks: (() => void)[] = [];
  const logged: [level: string, event: string, fields: object][] = [];
  let isClosed = false;
  const live = createLiveConfig({
    config: load(given(begin)),
    parameters: given(begin),
    env,
    settings,
    intervalMs: INTERVAL_MS,
    read: async () => ({ parameters: given(next.texts), faults: next.faults, unknown: [] }),
    load,
    close: () => {
      isClosed = true;
    },
    scheduler: {
      after(delayMs, task) {
        delays.push(delayMs);
        tasks.push(task);
        return () => tasks.splice(0);
      },
      sleep: () => Promise.reject(new Error("nobody sleeps")),
      external: (_label, work) => work(),
    },
    random: seededRandom(7),
  });
  const stop = live.watch((level, event, fields) => void logged.push([level, event, fields]));
  return {
    live,
    logged,
    delays,
    stop,
    pending: () => tasks.length,
    closed: () => isClosed,
    /** The next reading gives those texts. */
    async reads(texts: Readonly<Record<string, string>>, faults: readonly ConfigFault[] = []) {
      next = { texts, faults };
      tasks.shift()?.();
      await Bun.sleep(0);
      return logged.splice(0);
    },
  };
}

test("what may change does so at once, and is told by name", async () => {
  const { live, reads } = started({ LIMIT: "2", PLACE: URL_OF("app:hunter1") });
  expect(await reads({ LIMIT: "2", PLACE: URL_OF("app:hunter1") })).toEqual([]);
  const said = await reads({ LIMIT: "3", PLACE: URL_OF("app:hunter2") });
  expect(said).toEqual([["info", "parameters.changed", { settings: ["LIMIT", "PLACE"] }]]);
  expect([live.current().limit, live.current().place?.open()]).toEqual([3, URL_OF("app:hunter2")]);
  expect(JSON.stringify(said)).not.toContain("hunter");
});

test("what is new or gone counts as a change from and to the environment", async () => {
  const { live, reads } = started({ SIZE: "2" }, { LIMIT: "4" });
  await reads({ SIZE: "2", LIMIT: "5" });
  expect(live.current().limit).toBe(5);
  await reads({ SIZE: "2" });
  expect(live.current().limit).toBe(4);
});

test("what needs a restart is told once for each text, and nothing else of that reading is held up by it", async () => {
  const { live, reads } = started({ SIZE: "2", LIMIT: "2", PLACE: URL_OF("app:hunter1") });
  const moved = { SIZE: "3", LIMIT: "3", PLACE: URL_OF("app:hunter1", "elsewhere") };
  expect(await reads(moved)).toEqual([
    ["warn", "parameters.waiting", { settings: ["SIZE", "PLACE"] }],
    ["info", "parameters.changed", { settings: ["LIMIT"] }],
  ]);
  expect([live.current().size, live.current().place?.open()]).toEqual([2, URL_OF("app:hunter1")]);
  expect(await reads(moved)).toEqual([]);
  expect(await reads({ ...moved, SIZE: "4" })).toEqual([["warn", "parameters.waiting", { settings: ["SIZE"] }]]);
  // Put back, and changed again.
  await reads({ ...moved, SIZE: "2" });
  expect(await reads({ ...moved, SIZE: "4" })).toEqual([["warn", "parameters.waiting", { settings: ["SIZE"] }]]);
});

test("a reading that makes no sense, or fails, changes nothing; it is told once, and its end as well", async () => {
  const { live, reads } = started({ LIMIT: "2", PLACE: URL_OF("app:hunter1") });
  const senseless = { LIMIT: "hunter2", PLACE: URL_OF("app:hunter2") };
  const said = await reads(senseless);
  expect(said.map(([level, event]) => [level, event])).toEqual([["warn", "parameters.away"]]);
  expect(JSON.stringify(said)).toContain("/shop/LIMIT is (hidden): must be a whole number");
  expect(JSON.stringify(said)).not.toContain("hunter");
  expect([live.current().limit, live.current().place?.open()]).toEqual([2, URL_OF("app:hunter1")]);
  expect(await reads(senseless)).toEqual([]);
  const away: ConfigFault = { setting: "/shop/order", given: "", advice: "try again." };
  expect(await reads({}, [away])).toEqual([["warn", "parameters.away", { error: "/shop/order: try again." }]]);
  expect(live.current().limit).toBe(2);
  expect(await reads({ LIMIT: "3", PLACE: URL_OF("app:hunter1") })).toEqual([
    ["info", "parameters.changed", { settings: ["LIMIT"] }],
    ["info", "parameters.there", {}],
  ]);
});

test("readings come a fifth sooner or later, never the same, until the end", async () => {
  const { reads, delays, stop, pending, closed } = started({});
  for (let count = 0; count < 50; count++) await reads({});
  for (const delayMs of delays) expect(Math.abs(delayMs / INTERVAL_MS - 1)).toBeLessThanOrEqual(0.2);
  expect(new Set(delays).size).toBe(delays.length);
  stop();
  expect([pending(), closed()]).toEqual([0, true]);
});
