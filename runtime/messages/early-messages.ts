/**
 * Messages that came before their forerunner. They wait here, not settled, so a crash loses none of them; they are
 * looked at again when the mark of their topic and key moves, and at each upkeep, because another replica may have
 * moved it. A gap that stands too long is reported; nothing else is done about it, as nothing may overtake it.
 */
import type { Clock } from "../clock.ts";
import type { BatchPlan } from "./batch-plan.ts";
import { createGapAlarm } from "./gap-alarm.ts";
import type { MessageItem } from "./item.ts";

export interface EarlyMessages {
  hold(item: MessageItem): void;
  /** Takes out what a committed batch may have made ready, in order. */
  readyAfter<State, Shared>(plan: BatchPlan<State, Shared>): readonly MessageItem[];
  /** Takes out everything, to be looked at again. */
  takeAll(): readonly MessageItem[];
  size(): number;
}

export function createEarlyMessages(options: {
  readonly clock: Clock;
  readonly alarmMs: number;
  readonly topics: readonly string[];
  readonly report: Parameters<typeof createGapAlarm>[2];
}): EarlyMessages {
  const waiting = new Map<string, MessageItem[]>();
  const gaps = createGapAlarm(options.clock, options.alarmMs, options.report);
  const nameOf = (topic: string, key: string) => `${topic} ${key}`;

  function take(name: string): MessageItem[] {
    const items = waiting.get(name) ?? [];
    waiting.delete(name);
    return items.sort((a, b) => a.envelope.sequence - b.envelope.sequence);
  }

  return {
    hold(item) {
      gaps.waits(item.envelope);
      const name = nameOf(item.envelope.topic, item.key);
      const others = waiting.get(name);
      if (others) others.push(item);
      else waiting.set(name, [item]);
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
    takeAll: () => [...waiting.keys()].flatMap(take),
    size: () => waiting.size,
  };
}
