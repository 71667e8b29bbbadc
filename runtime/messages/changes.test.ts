import { expect, test } from "bun:test";
import { DatabaseError } from "../database/port.ts";
import { virtualTime } from "../virtual-time.fixture.ts";
import type { Stored } from "./aggregate.ts";
import { createChanges, type Newer, type Seen } from "./changes.ts";

const stored = (key: string, version: number): Stored<number> => ({
  key,
  state: version * 10,
  version,
  positions: { in: {}, out: {} },
});

/** Changes over a table of versions, of which every look is kept. */
function openChanges() {
  const time = virtualTime();
  const table = new Map<string, number>();
  const looks: Seen[][] = [];
  const faults: Error[] = [];
  const broken = new Set<string>();
  const reported: string[] = [];
  const changes = createChanges<number>({
    scheduler: time.scheduler,
    async readNewer(seen) {
      looks.push([...seen]);
      const fault = faults.shift();
      if (fault) throw fault;
      return seen.flatMap(({ key, version }) => {
        const present = table.get(key) ?? 0;
        const decode = () => {
          if (broken.has(key)) throw new Error(`${key} cannot be read`);
          return stored(key, present);
        };
        return present > version ? { key, decode } : [];
      });
    },
    report: (error) => reported.push(String(error)),
  });
  return { time, table, looks, faults, broken, reported, changes };
}

const patience = { timeoutMs: 100 };
const longPatience = { timeoutMs: 60_000 };

test("everybody who waits for a key hears of its next version, nobody else does, and no timer stays", async () => {
  const { changes, time } = openChanges();
  const waits = [changes.next("a", 0, patience), changes.next("a", 1, patience)];
  const other = changes.next("b", 0, patience);
  changes.notify([stored("a", 1), stored("c", 3)]);
  expect((await waits[0])?.state).toBe(10);
  changes.notify([stored("a", 2)]);
  expect((await waits[1])?.state).toBe(20);
  await time.advance(100);
  expect(await other).toBeUndefined();
  expect(time.pending).toBe(0);
});

test("what another process changes is found with one look for all, and sooner by a hint", async () => {
  const { changes, time, table, looks } = openChanges();
  const [a, b] = [changes.next("a", 3, longPatience), changes.next("b", 1, longPatience)];
  const again = changes.next("a", 2, longPatience);
  table.set("a", 4).set("b", 1);
  changes.notifyElsewhere(["a", "unknown"]);
  await time.advance(0);
  expect(looks.splice(0)).toEqual([[{ key: "a", version: 2 }]]);
  expect([(await a)?.version, (await again)?.version]).toEqual([4, 4]);
  const c = changes.next("c", 0, longPatience);
  table.set("b", 2).set("c", 1);
  await time.advance(250);
  expect(looks.splice(0)).toEqual([
    [
      { key: "b", version: 1 },
      { key: "c", version: 0 },
    ],
  ]);
  expect([(await b)?.version, (await c)?.version]).toEqual([2, 1]);
  await time.advance(1000);
  expect([looks, time.pending]).toEqual([[], 0]);
});

test("a database that is away is asked again; another fault ends the waits, and is told", async () => {
  const { changes, time, table, faults, reported } = openChanges();
  faults.push(new DatabaseError("unavailable", "08006", "away"));
  const patient = changes.next("a", 0, longPatience);
  table.set("a", 1);
  await time.advance(500);
  expect((await patient)?.version).toBe(1);
  expect(reported).toEqual([]);
  faults.push(new DatabaseError("rejected", "42601", "syntax error"));
  const failing = changes.next("a", 1, longPatience).catch(String);
  await time.advance(250);
  expect(await failing).toContain("syntax error");
  expect(reported).toHaveLength(1);
  expect(time.pending).toBe(0);
});

test("a row that cannot be read fails those who wait for it alone", async () => {
  const { changes, time, table, broken, reported } = openChanges();
  broken.add("b");
  const [a, b, c] = ["a", "b", "c"].map((key) => changes.next(key, 0, longPatience).catch(String));
  for (const key of ["a", "b", "c"]) table.set(key, 1);
  await time.advance(250);
  expect([await a, await b, await c]).toEqual([stored("a", 1), "Error: b cannot be read", stored("c", 1)]);
  expect(reported).toEqual(["Error: b cannot be read"]);
  expect(time.pending).toBe(0);
});

test("a slow look keeps nobody else's back, and there is one at a time", async () => {
  const slow = Promise.withResolvers<readonly Newer<number>[]>();
  const { scheduler, advance } = virtualTime();
  let looks = 0;
  const changes = createChanges<number>({
    scheduler,
    readNewer: () => (++looks === 1 ? slow.promise : Promise.resolve([])),
    report: () => undefined,
  });
  const wait = changes.next("a", 0, longPatience);
  await advance(1000);
  expect(looks).toBe(1);
  changes.notify([stored("a", 1)]);
  expect((await wait)?.version).toBe(1);
  const late = changes.next("b", 0, { timeoutMs: 1000 });
  slow.resolve([]);
  await advance(1000);
  expect([await late, looks > 1]).toEqual([undefined, true]);
});

test("who gives up is forgotten", async () => {
  const { changes, time, looks } = openChanges();
  const giving = new AbortController();
  const wait = changes.next("a", 0, { ...longPatience, signal: giving.signal });
  giving.abort();
  expect(await wait).toBeUndefined();
  expect(await changes.next("a", 0, { ...longPatience, signal: giving.signal })).toBeUndefined();
  await time.advance(1000);
  expect([looks, time.pending]).toEqual([[], 0]);
});

test("the end ends every wait, and lets nobody begin another one", async () => {
  const { changes, time } = openChanges();
  const waits = [changes.next("a", 0, patience), changes.next("a", 0, patience), changes.next("b", 0, patience)];
  expect(changes.ended).toBe(false);
  changes.end();
  expect(changes.ended).toBe(true);
  expect(await Promise.all([...waits, changes.next("c", 0, patience)])).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(time.pending).toBe(0);
});

test("it is crowded while as many wait as may, also for the same key", async () => {
  const { scheduler } = virtualTime();
  const changes = createChanges<number>({
    scheduler,
    readNewer: async () => [],
    report: () => undefined,
    mostWaits: 2,
  });
  const first = changes.next("a", 0, { timeoutMs: 100 });
  expect(changes.crowded).toBe(false);
  const second = changes.next("a", 1, { timeoutMs: 100 });
  expect(changes.crowded).toBe(true);
  changes.notify([stored("a", 1)]);
  await first;
  expect(changes.crowded).toBe(false);
  changes.end();
  await second;
});
