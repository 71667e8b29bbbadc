/**
 * Small workloads that prove the simulation itself: each has a right way, in which no seed may find anything, and a
 * planted mistake of a kind that real systems make, which must be found.
 */
import postgres from "postgres";
import { parseConnectionUrl } from "../../runtime/database/connection-url.ts";
import { DatabaseError, type Lane } from "../../runtime/database/port.ts";
import { between, oneOf } from "./seed.ts";
import type { NodeContext, Scenario, Workload, World } from "./workload.ts";

/**
 * - `none`: rows are locked in one order, each increment is kept once by its key.
 * - `lostUpdate`: reads, adds, writes without a lock.
 * - `noKey`: an increment that is asked for twice is made twice.
 * - `unordered`: two rows are locked in the order of the request; correct, but it deadlocks.
 * - `watermark`: a relay follows a serial column and so passes rows that commit late.
 */
export type ToyMistake = (typeof MISTAKES)[number];
const MISTAKES = ["none", "lostUpdate", "noKey", "unordered", "watermark"] as const;

export const isToyMistake = (text: string | undefined): text is ToyMistake =>
  MISTAKES.some((mistake) => mistake === text);

interface ToyNode {
  increment(key: string, first: string, second: string): Promise<void>;
}

const SCHEMA = `
  create schema toy;
  create table toy.counter (name text primary key, value int not null);
  create table toy.done (key text primary key, id bigserial not null unique);
  create table toy.seen (id bigint primary key);
  insert into toy.counter values ('a', 0), ('b', 0);`;

const REQUESTS = 10;
const RETRY_MS = 40;
const RELAY_MS = 25;
const BOUND_MS = 15 * 60_000;

/** A toy workload with the given mistake. */
export function toyWorkload(mistake: ToyMistake): Workload<ToyNode> {
  return {
    name: `toy ${mistake}`,
    modules: [{ name: "toy", schema: "toy", role: null }],
    replicas: { least: 2, most: 2 },
    async prepare(url) {
      const { socketPath, user, database } = parseConnectionUrl(url);
      const sql = postgres({ ...(socketPath === null ? {} : { path: socketPath }), user, database, max: 1 });
      await sql.unsafe(SCHEMA);
      await sql.end();
    },
    scenario: (world) => toyScenario(world, mistake),
  };
}

function toyScenario(world: World<ToyNode>, mistake: ToyMistake): Scenario<ToyNode> {
  const count = async (from: string) =>
    Number((await world.inspect(`select count(*) as rows from ${from}`))[0]?.["rows"]);
  return {
    async start(context) {
      const database = context.database("toy");
      if (mistake === "watermark" && context.index === 0) void relay(context, database.lane("relay"));
      const lanes = [database.lane("first"), database.lane("second")];
      let next = 0;
      return {
        async increment(key, first, second) {
          const lane = lanes[next++ % lanes.length];
          if (lane === undefined) throw new Error("no lane");
          await increment(lane, mistake, key, first, second);
        },
      };
    },
    async drive() {
      const random = world.random("clients");
      await Promise.all(
        Array.from({ length: REQUESTS }, async (_, index) => {
          await world.scheduler.sleep(between(random, 0, 20));
          const [first, second] = oneOf(random, [["a", "b"] as const, ["b", "a"] as const]);
          for (let tries = 0; tries < 1000; tries++) {
            const node = between(random, 0, 1);
            try {
              return await world.call(`increment ${index}`, node, (api) => api.increment(`k${index}`, first, second));
            } catch {
              await world.scheduler.sleep(RETRY_MS);
            }
          }
          throw new Error(`request ${index} was never answered`);
        }),
      );
    },
    async settled() {
      if (mistake !== "watermark") return true;
      const [last] = await world.inspect(
        "select (select max(id) from toy.done) = (select max(id) from toy.seen) as seen",
      );
      return last?.["seen"] === true;
    },
    async check() {
      const done = await count("toy.done");
      const rows = await world.inspect("select name, value from toy.counter order by name");
      const wrong = rows.filter((row) => row["value"] !== REQUESTS);
      return [
        ...(done === REQUESTS ? [] : [`${done} of ${REQUESTS} increments are kept`]),
        ...(mistake !== "watermark" || (await count("toy.seen")) === done ? [] : ["the relay passed a row"]),
        ...wrong.map((row) => `counter ${row["name"]} is ${row["value"]} after ${REQUESTS} increments`),
      ];
    },
    boundMs: BOUND_MS,
    outcomes: async () => ({ done: await count("toy.done") }),
  };
}

async function increment(lane: Lane, mistake: ToyMistake, key: string, first: string, second: string) {
  const ordered = mistake === "unordered" ? [first, second] : [first, second].toSorted();
  if (mistake === "lostUpdate") {
    const open = await lane.begin({ text: "select name, value from toy.counter order by name", params: [] });
    const [a, b] = open.rows.map((row) => Number(row["value"]) + 1);
    await open.commit({
      text: `with new as (insert into done (key) values ($1) on conflict do nothing returning key)
        update counter set value = case name when 'a' then $2::int else $3::int end where exists (select from new)`,
      params: [key, a ?? 0, b ?? 0],
    });
    return;
  }
  if (mistake === "watermark") {
    try {
      const open = await lane.begin({ text: "insert into done (key) values ($1)", params: [key] });
      await open.commit({ text: "update counter set value = value + 1", params: [] });
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.kind !== "conflict") throw error;
    }
    return;
  }
  const locked = await lane.begin({
    text: "update counter set value = value + 1 where name = $1",
    params: [ordered[0] ?? ""],
  });
  try {
    await locked.commit({
      text:
        mistake === "noKey"
          ? `with new as (insert into done (key) values ($2) on conflict do nothing returning key)
              update counter set value = value + 1 where name = $1`
          : `with new as (insert into done (key) values ($2) returning key)
              update counter set value = value + 1 where name = $1 and exists (select from new)`,
      params: [ordered[1] ?? "", key],
    });
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== "conflict") throw error;
  }
}

/** Follows `done.id` by the highest number seen: wrong, because numbers are given before rows commit. */
async function relay(context: NodeContext, lane: Lane) {
  for (;;) {
    try {
      await lane.run({
        text: "insert into seen select id from done where id > (select coalesce(max(id), 0) from seen) order by id",
        params: [],
      });
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
    }
    await context.scheduler.sleep(RELAY_MS);
  }
}
