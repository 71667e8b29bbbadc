import { expect, test } from "bun:test";
import { createGapAlarm } from "./gap-alarm.ts";
import { incoming } from "./replicas.fixture.ts";

test("a gap is reported once when it has stood for its time, and forgotten when the mark moves", () => {
  const time = { ms: 0 };
  const gaps: unknown[] = [];
  const alarm = createGapAlarm({ now: () => time.ms }, 100, (gap) => gaps.push(gap));
  const early = incoming("k", 5, "{}");
  alarm.waits(early);
  time.ms = 99;
  alarm.waits(early);
  expect(gaps).toEqual([]);
  time.ms = 100;
  alarm.waits(early);
  alarm.waits(early);
  expect(gaps).toEqual([early]);
  alarm.moved(early.topic, "k");
  expect(alarm.any()).toBe(false);
  alarm.waits(early);
  expect(alarm.any()).toBe(true);
  time.ms = 150;
  alarm.waits(early);
  expect(gaps).toHaveLength(1);
  time.ms = 200;
  alarm.waits(early);
  expect(gaps).toHaveLength(2);
});
