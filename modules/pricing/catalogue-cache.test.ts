/** The catalogue through each cache, and what a failing one does to it. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { becameThere, hasRedis, memoryAdapter, openEnd, redisAdapter } from "../../runtime/cache/adapters.fixture.ts";
import { createMemoryCache } from "../../runtime/cache/memory.ts";
import type { Cache, SharedState } from "../../runtime/cache/port.ts";
import { systemClock as clock } from "../../runtime/clock.ts";
import type { Database, Row } from "../../runtime/database/port.ts";
import { createIds } from "../../runtime/ids.ts";
import { systemRandom } from "../../runtime/random.ts";
import { until } from "../../runtime/until.fixture.ts";
import { startExternalRedis } from "../../tests/provision/external-redis.ts";
import { createCatalogueCache } from "./catalogue-cache.ts";

setDefaultTimeout(60_000);
const isThere = await hasRedis("modules/pricing/catalogue-cache on Redis");
const ids = createIds(clock, systemRandom());
const opened: SharedState[] = [];

afterEach(() => {
  for (const end of opened.splice(0)) end.close();
});

/** A catalogue whose products are all at one version, and whose reads can be held after they have read. */
function createDatabase() {
  let version = 1;
  let reads = 0;
  let held: Promise<void> | undefined;
  const rowOf = (sku: string): Row => ({
    sku,
    name: `Name of ${sku}`,
    tax_class: "standard",
    weight_grams: 100,
    version,
    prices: [{ amount: version * 100, currency: "USD" }],
  });
  const skus = ["A", "B", "C"];
  const database: Database = {
    async query({ params: [sku, limit] }) {
      reads++;
      const found =
        limit === undefined
          ? skus.filter((each) => each === sku)
          : skus.filter((each) => each > String(sku)).slice(0, Number(limit));
      const rows = found.map(rowOf);
      await held;
      return rows;
    },
    lane: () => {
      throw new Error("the catalogue is read without a lane");
    },
    close: async () => undefined,
  };
  return {
    database,
    reads: () => reads,
    write: () => ++version,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
  };
}

const versions = (products: readonly { sku: string; version: number }[]) =>
  products.map(({ sku, version }) => `${sku}${version}`);

const adapters = [memoryAdapter(), ...(isThere ? [redisAdapter()] : [])];

describe.each(adapters.map((adapter) => [adapter.name, adapter] as const))("on %s", (_name, adapter) => {
  beforeAll(adapter.start, 300_000);
  afterAll(adapter.stop);

  async function open() {
    const end = await adapter.open();
    opened.push(end);
    return end.cache;
  }

  test("what was read is shown again without a read, until a write or its time's end", async () => {
    const { database, reads, write } = createDatabase();
    const catalogue = createCatalogueCache({ cache: await open(), database, ids });
    await catalogue.changed();
    const first = await catalogue.find("A");
    expect(first).toMatchObject({ sku: "A", version: 1, prices: [{ amount: 100, currency: "USD" }] });
    expect(versions(await catalogue.list(null, 2))).toEqual(["A1", "B1"]);
    expect(versions(await catalogue.list("B", 2))).toEqual(["C1"]);
    expect(reads()).toBe(3);
    // What is written into the cache is not waited for.
    await until("the next reads are saved", async () => {
      const before = reads();
      expect(await catalogue.find("A")).toEqual(first);
      expect(versions(await catalogue.list(null, 2))).toEqual(["A1", "B1"]);
      expect(versions(await catalogue.list("B", 2))).toEqual(["C1"]);
      return reads() === before;
    });
    write();
    await catalogue.changed();
    expect(versions(await catalogue.list(null, 2))).toEqual(["A2", "B2"]);
    expect(await catalogue.find("A")).toMatchObject({ version: 2 });
    expect(versions(await catalogue.list("B", 2))).toEqual(["C2"]);
  });

  test("what does not exist is not kept", async () => {
    const { database, reads } = createDatabase();
    const catalogue = createCatalogueCache({ cache: await open(), database, ids });
    for (const time of [1, 2, 3]) {
      expect(await catalogue.find("nothing")).toBeUndefined();
      expect(reads()).toBe(time);
    }
  });

  test("a value that was read before a write, and comes after it, is not shown", async () => {
    const { database, reads, write, hold } = createDatabase();
    const cache = await open();
    const [reader, writer] = [
      createCatalogueCache({ cache, database, ids }),
      createCatalogueCache({ cache, database, ids }),
    ];
    await writer.changed();
    const release = hold();
    const late = Promise.all([reader.find("A"), reader.list(null, 2)]);
    await until("both have been read", () => reads() === 2);
    write();
    await writer.changed();
    release();
    expect((await late)[0]).toMatchObject({ version: 1 });
    // Time for it to come into the cache.
    await Bun.sleep(50);
    for (const catalogue of [reader, writer]) {
      expect(await catalogue.find("A")).toMatchObject({ version: 2 });
      expect(versions(await catalogue.list(null, 2))).toEqual(["A2", "B2"]);
    }
  });
});

test.skipIf(!isThere)("a Redis that hangs, goes away and comes back shows nobody anything old", async () => {
  const redis = await startExternalRedis();
  try {
    const { database, reads, write } = createDatabase();
    const ends = [1, 2].map(() => openEnd(redis.url, { answerMs: 300, silenceMs: 2_000, proveEveryMs: 500 }));
    opened.push(...ends);
    await Promise.all(ends.map(becameThere));
    const replicas = ends.map(({ cache }) => createCatalogueCache({ cache, database, ids }));
    const [writer] = replicas;
    const shown = () => Promise.all(replicas.map(async (each) => (await each.find("A"))?.version));
    const readsAreSaved = () =>
      until("reads are saved", async () => {
        const before = reads();
        await shown();
        return reads() === before;
      });
    await readsAreSaved();
    const outages = [
      [redis.freeze, redis.thaw],
      [redis.kill, redis.start],
    ] as const;
    for (const [begin, end] of outages) {
      await begin();
      const version = write();
      await writer?.changed();
      expect(await shown()).toEqual([version, version]);
      await end();
      await Promise.all(ends.map(becameThere));
      await readsAreSaved();
      expect(await shown()).toEqual([version, version]);
    }
  } finally {
    await redis.stop();
  }
});

/** A cache whose removals do what the script says, in turn. */
function scriptedCache(removals: readonly ((remove: () => Promise<boolean>) => Promise<boolean>)[]): Cache {
  const cache = createMemoryCache({ clock, mostEntries: 100 });
  let calls = 0;
  return {
    ...cache,
    remove: (keys) => removals[calls++]?.(() => cache.remove(keys)) ?? cache.remove(keys),
  };
}
const lost = async () => false;

test("a replica whose write the cache could not be told of uses it no more until it has been told", async () => {
  const { database, write } = createDatabase();
  const cache = scriptedCache([lost, lost]);
  const [writer, other] = [1, 2].map(() => createCatalogueCache({ cache, database, ids }));
  for (const each of [writer, other]) expect(await each?.find("A")).toMatchObject({ version: 1 });
  write();
  await writer?.changed();
  expect(await other?.find("A")).toMatchObject({ version: 1 });
  // Tries to tell, in vain, and then tells.
  for (const _ of [1, 2]) expect(await writer?.find("A")).toMatchObject({ version: 2 });
  expect(await other?.find("A")).toMatchObject({ version: 2 });
});

test("what tells of a write says nothing of the write that was committed meanwhile", async () => {
  const { database, write } = createDatabase();
  const { promise: isAnswered, resolve: answer } = Promise.withResolvers<void>();
  const answeredLate = async (remove: () => Promise<boolean>) => {
    await remove();
    await isAnswered;
    return true;
  };
  const cache = scriptedCache([answeredLate, lost]);
  const [writer, other] = [1, 2].map(() => createCatalogueCache({ cache, database, ids }));
  write();
  const first = writer?.changed();
  expect(await other?.find("A")).toMatchObject({ version: 2 });
  write();
  await writer?.changed();
  answer();
  await first;
  expect(await writer?.find("A")).toMatchObject({ version: 3 });
});

test("what another release or a stranger has written is read anew", async () => {
  const { database, reads } = createDatabase();
  const kept = createMemoryCache({ clock, mostEntries: 100 });
  let text = "";
  const cache: Cache = {
    ...kept,
    async set(key, original, ttlMs) {
      if (key.includes("generation")) text = `${original} `;
      return kept.set(key, key.includes("generation") ? original : text, ttlMs);
    },
  };
  const catalogue = createCatalogueCache({ cache, database, ids });
  await catalogue.find("A");
  const [generation] = text.split(" ");
  for (const content of ["no JSON", "{}", '{"sku":"A","name":"A"}', "null", "[]"]) {
    const before = reads();
    text = `${generation} ${content}`;
    await kept.remove(["pricing.catalogue.product A"]);
    await catalogue.find("A");
    expect(await catalogue.find("A")).toMatchObject({ sku: "A", version: 1 });
    expect(reads()).toBe(before + 2);
  }
});

test("a cache without room, and a database that is away, are what they are without this", async () => {
  const { database, reads } = createDatabase();
  const roomless = createMemoryCache({ clock, mostEntries: 0 });
  const catalogue = createCatalogueCache({ cache: roomless, database, ids });
  for (const time of [1, 2]) {
    expect(await catalogue.find("A")).toMatchObject({ version: 1 });
    expect(reads()).toBe(time);
  }
  const away: Database = { ...database, query: () => Promise.reject(new Error("away")) };
  const cache = createMemoryCache({ clock, mostEntries: 100 });
  await expect(createCatalogueCache({ cache, database: away, ids }).find("A")).rejects.toThrow("away");
  expect(await createCatalogueCache({ cache, database, ids }).find("A")).toMatchObject({ version: 1 });
});
