import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../property.fixture.ts";
import { emptyPlan } from "./batch-plan.ts";
import { createEarlyMessages } from "./early-messages.ts";
import type { MessageItem } from "./item.ts";
import { incoming } from "./replicas.fixture.ts";

const TOPICS = ["genai-demo.tally.commands.v1", "genai-demo.foreign.events.v1"];
const key = fc.constantFrom("a", "b");
const operation = fc.oneof(
  fc.record({
    hold: fc.record({ key, module: fc.constantFrom("tally", "foreign"), sequence: fc.integer({ min: 1, max: 9 }) }),
  }),
  fc.record({ moved: key }),
  fc.constant("all" as const),
);

test("what waits comes out once, by itself or with all, each topic and key in order, and never for another key", () => {
  verify(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const early = createEarlyMessages({
        clock: { now: () => 0 },
        alarmMs: 1,
        topics: TOPICS,
        report: () => undefined,
      });
      const held = new Set<MessageItem>();
      function out(items: readonly MessageItem[], of: (item: MessageItem) => boolean) {
        for (const item of items) {
          expect(of(item)).toBe(true);
          expect(held.delete(item)).toBe(true);
        }
        expect([...held].some(of)).toBe(false);
        for (const topic of TOPICS)
          for (const each of ["a", "b"]) {
            const numbers = items
              .filter((item) => item.key === each && item.envelope.topic === topic)
              .map(({ envelope }) => envelope.sequence);
            expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          }
      }
      for (const each of operations) {
        if (each === "all") out(early.takeDue(), () => true);
        else if ("moved" in each) {
          const state = { key: each.moved, state: {}, version: 1, positions: { in: {}, out: {} } };
          const plan = emptyPlan([state], new Map());
          expect(early.readyAfter(plan)).toEqual([]);
          for (const working of plan.working.values()) working.dirty = true;
          out(early.readyAfter(plan), (item) => item.key === each.moved);
        } else {
          const { key: of, sequence, module } = each.hold;
          const envelope = incoming(of, sequence, "{}", "Do", module);
          const item: MessageItem = { kind: "message", key: of, envelope, settle: () => undefined };
          held.add(item);
          early.hold(item);
        }
        expect(early.size()).toBe(new Set([...held].map((item) => `${item.key} ${item.envelope.topic}`)).size);
      }
    }),
  );
});
