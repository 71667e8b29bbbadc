/**
 * Two replicas read and write one catalogue through one cache. What each of them asks of the cache and of the database
 * may take effect and be answered at any time, and the cache may lose a command or an answer, or be later than it.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Cache } from "../../runtime/cache/port.ts";
import type { Database } from "../../runtime/database/port.ts";
import { verifyAsync } from "../../runtime/property.fixture.ts";
import { createCatalogueCache } from "./catalogue-cache.ts";

type Fate = "answered" | "lost" | "answered before it happens";

const action = fc.record({ what: fc.constantFrom("find", "list", "write"), replica: fc.nat({ max: 1 }) });
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>("answered") },
  { weight: 1, arbitrary: fc.constant<Fate>("lost") },
  { weight: 1, arbitrary: fc.constant<Fate>("answered before it happens") },
);

/** Lets everything run that waits for nothing but its turn. */
async function settled() {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

/** Whatever waits here goes on when it is drawn. */
function createTurns(drawn: readonly number[]) {
  const waiting: (() => void)[] = [];
  let next = 0;
  const draw = () => drawn[next++ % drawn.length] ?? 0;
  return {
    draw,
    turn: () => new Promise<void>((resolve) => waiting.push(resolve)),
    isIdle: () => waiting.length === 0,
    async step() {
      waiting.splice(draw() % Math.max(1, waiting.length), 1)[0]?.();
      await settled();
    },
  };
}

async function run(
  actions: readonly { what: string; replica: number }[],
  fates: readonly Fate[],
  drawn: readonly number[],
) {
  const { draw, turn, isIdle, step } = createTurns(drawn);
  const kept = new Map<string, string>();
  let committed = 0;
  let knownToAll = 0;
  const knownAt = [0, 0];
  let asked = 0;

  async function ask<T>(happen: () => T, unknown: T): Promise<T> {
    const fate = fates[asked++ % fates.length];
    await turn();
    if (fate === "lost") return unknown;
    if (fate === "answered before it happens") {
      void turn().then(happen);
      return unknown;
    }
    const answer = happen();
    await turn();
    return answer;
  }
  const cache: Cache = {
    get: (key) => ask(() => kept.get(key) ?? null, undefined),
    set: (key, text) => ask(() => kept.set(key, text).has(key), false),
    async remove(keys) {
      const before = committed;
      const isSure = await ask(() => {
        for (const key of keys) kept.delete(key);
        return true;
      }, false);
      if (isSure) knownToAll = Math.max(knownToAll, before);
      return isSure;
    },
  };
  const database: Database = {
    async query() {
      await turn();
      const row = { sku: "A", name: "A", tax_class: "zero", weight_grams: 0, version: committed + 1, prices: [] };
      await turn();
      return [row];
    },
    lane: () => {
      throw new Error("the catalogue is read without a lane");
    },
    close: async () => undefined,
  };
  let idsMade = 0;
  const ids = { next: () => `id-${++idsMade}` };
  const replicas = [0, 1].map(() => createCatalogueCache({ cache, database, ids }));

  async function act({ what, replica }: { what: string; replica: number }) {
    const catalogue = replicas[replica];
    if (catalogue === undefined) throw new Error("there are two replicas");
    if (what === "write") {
      await turn();
      const version = ++committed;
      await catalogue.changed();
      knownAt[replica] = Math.max(knownAt[replica] ?? 0, version);
      return;
    }
    const least = Math.max(knownAt[replica] ?? 0, knownToAll);
    const product = what === "find" ? await catalogue.find("A") : (await catalogue.list(null, 10))[0];
    expect((product?.version ?? 0) - 1).toBeGreaterThanOrEqual(least);
  }

  const under: Promise<void>[] = [];
  for (const each of actions) {
    under.push(act(each));
    for (let steps = draw() % 12; steps > 0; steps--) await step();
  }
  while (!isIdle()) await step();
  await Promise.all(under);
}

test(
  "no read shows less than what was known when it began, whatever the cache loses or does late",
  () =>
    verifyAsync(
      fc.asyncProperty(
        fc.array(action, { minLength: 2, maxLength: 30, size: "max" }),
        fc.array(fate, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }),
        run,
      ),
      3_000,
    ),
  120_000,
);
