/**
 * Messages that came before their forerunner. They wait here, not settled, so a crash loses none of them; they are
 * looked at again when the mark of their topic and key moves, and now and then at an upkeep, because another replica may
 * have moved it: the longer a number is missing, the more seldom, so that many lost ones cost little. A gap that stands
 * too long is reported; nothing else is done about it, as nothing may overtake it.
 */
import type { Clock } from "../clock.ts";
import type { BatchPlan } from "./batch-plan.ts";
import { createGapAlarm } from "./gap-alarm.ts";
import type { MessageItem } from "./item.ts";

export interface EarlyMessages {
  hold(item: MessageItem): void;
  /** Takes out what a committed batch may have made ready, in order. */
  readyAfter<State, Shared>(plan: BatchPlan<State, Shared>): readonly MessageItem[];
  /** Takes out what is to be looked at again now. */
  takeDue(): readonly MessageItem[];
  size(): number;
}

interface Waiting {
  readonly items: MessageItem[];
  readonly lookAgainMs: number;
}

/** A part of how long the number has been missing, at most so long. */
const LOOK_AGAIN = { part: 1 / 8, mostMs: 10_000 };

export function createEarlyMessages(options: {
  readonly clock: Clock;
  readonly alarmMs: number;
  readonly topics: readonly string[];
  readonly report: Parameters<typeof createGapAlarm>[2];
}): EarlyMessages {
  const { clock } = options;
  const waiting = new Map<string, Waiting>();
  const gaps = createGapAlarm(clock, options.alarmMs, options.report);
  const nameOf = (topic: string, key: string) => `${topic} ${key}`;

  function take(name: string): MessageItem[] {
    const items = waiting.get(name)?.items ?? [];
    waiting.delete(name);
    return items.sort((a, b) => a.envelope.sequence - b.envelope.sequence);
  }

  /** Not sooner than it should be, unless the clock was set back: nobody waits for the time that it lost. */
  function isDue({ lookAgainMs }: Waiting): boolean {
    const leftMs = lookAgainMs - clock.now();
    return leftMs <= 0 || leftMs > LOOK_AGAIN.mostMs;
  }

  return {
    hold(item) {
      const { topic } = item.envelope;
      gaps.waits(item.envelope);
      item.waits?.();
      const name = nameOf(topic, item.key);
      const others = waiting.get(name);
      const pauseMs = Math.min(LOOK_AGAIN.mostMs, gaps.ageMs(topic, item.key) * LOOK_AGAIN.part);
      if (others) others.items.push(item);
      else waiting.set(name, { items: [item], lookAgainMs: clock.now() + pauseMs });
    },
    readyAfter(plan) {
      if (waiting.size === 0 && !gaps.any()) return [];
      const ready: MessageItem[] = [];
      for (const { key, dirty } of plan.working.values()) {
        if (!dirty) continue;
        for (const topic of options.topics) {
          gaps.moved(topic, key);
          const name = nameOf(topic, key);
          if (waiting.has(name)) ready.push(...take(name));
        }
      }
      return ready;
    },
    takeDue: () => [...waiting].flatMap(([name, each]) => (isDue(each) ? take(name) : [])),
    size: () => waiting.size,
  };
}
