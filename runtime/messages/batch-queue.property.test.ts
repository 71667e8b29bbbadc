import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../property.fixture.ts";
import { type Acknowledged, createBatchQueue } from "./batch-queue.ts";
import type { Item } from "./item.ts";

type Class = "urgent" | "background" | "verified";
interface Numbered {
  readonly key: string;
  readonly number: number;
  readonly class: Class;
}

const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      push: fc.constantFrom<Class>("urgent", "background", "verified"),
      key: fc.constantFrom("a", "b", "c"),
    }),
  },
  { weight: 1, arbitrary: fc.constant("acknowledge" as const) },
  { weight: 2, arbitrary: fc.constant("take" as const) },
  { weight: 1, arbitrary: fc.record({ pauseMs: fc.nat(40) }) },
);

const LIMITS = { batchLimit: 4, backgroundDelayMs: 20, ackDelayMs: 30 };

test("nothing is lost, repeated or overtaken by its own kind; batches keep their limit, and a ready queue gives something", () => {
  verify(
    fc.property(fc.array(operation, { maxLength: 60 }), fc.boolean(), (operations, onePerKey) => {
      const time = { ms: 0 };
      const queue = createBatchQueue<unknown, never>({ now: () => time.ms }, LIMITS, onePerKey);
      const about = new Map<Item<unknown, never>, Numbered>();
      const pushed: Numbered[] = [];
      const taken: Numbered[] = [];
      let acknowledged = 0;
      let deleted = 0;

      function take() {
        const ready = queue.readyInMs() === 0;
        const batch = queue.take();
        const numbers = batch.items.map((item) => about.get(item)).filter((each) => each !== undefined);
        expect(numbers).toHaveLength(batch.items.length);
        expect(batch.items.length).toBeLessThanOrEqual(LIMITS.batchLimit);
        if (onePerKey) expect(new Set(numbers.map(({ key }) => key)).size).toBe(numbers.length);
        expect(numbers.some((each) => each.class === "verified")).toBe(batch.verify);
        // A loop that takes from a ready queue never turns idly.
        if (ready) expect(batch.items.length + batch.acknowledged.length).toBeGreaterThan(0);
        taken.push(...numbers);
        deleted += batch.acknowledged.length;
      }
      const acknowledgement: Acknowledged = {
        row: { shard: 0, message: "", envelope: { ...blank, topic: "t", key: "k", sequence: 1 } },
        deleted: () => undefined,
      };
      for (const each of operations) {
        if (each === "take") take();
        else if (each === "acknowledge") {
          queue.acknowledge(acknowledgement);
          acknowledged++;
        } else if ("pauseMs" in each) time.ms += each.pauseMs;
        else {
          const item: Item<unknown, never> = {
            kind: "timer",
            key: each.key,
            timer: { shard: 0, key: each.key, kind: "k", dueMs: pushed.length },
            settle: () => undefined,
          };
          const numbered = { key: each.key, number: pushed.length, class: each.push };
          about.set(item, numbered);
          pushed.push(numbered);
          if (each.push === "verified") queue.pushVerified(item);
          else queue.push(item, each.push === "background");
        }
        expect(queue.size()).toBe(pushed.length - taken.length);
      }
      for (let n = 0; queue.readyInMs() !== Number.POSITIVE_INFINITY; n++) {
        expect(n).toBeLessThan(200);
        // What waits for company does so no longer than its delay.
        expect(queue.readyInMs()).toBeLessThanOrEqual(LIMITS.ackDelayMs);
        time.ms += queue.readyInMs();
        take();
      }
      expect(deleted).toBe(acknowledged);
      expect([...taken].sort((a, b) => a.number - b.number)).toEqual(pushed);
      for (const key of ["a", "b", "c"])
        for (const of of ["urgent", "background", "verified"]) {
          const numbers = taken.filter((each) => each.key === key && each.class === of).map(({ number }) => number);
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
    }),
    500,
  );
});

const blank = { type: "", producer: "", timeMs: 0, causationId: "", correlationId: "", data: "" };
