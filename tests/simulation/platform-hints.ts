/** Hints between processes, as Redis carries them: late, and in some seeds some of them or all are lost. */
import type { Hints } from "../../runtime/cache/port.ts";
import type { Random } from "../../runtime/random.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
import { between, chance, oneOf } from "./seed.ts";

export interface HintWire {
  /** The end of one process; it hears nothing once it is closed, or its life is over. */
  join(actor: Actor): Hints & { close(): void };
}

interface End {
  readonly actor: Actor;
  readonly heard: Map<string, ((text: string) => void)[]>;
}

export function createHintWire(loop: Loop, faults: Faults, random: Random): HintWire {
  const ends = new Set<End>();
  const loses = oneOf(random, [0, 0.3, 1]);
  const lateMs = oneOf(random, [1, 50, 2000]);
  return {
    join(actor) {
      const own: End = { actor, heard: new Map() };
      ends.add(own);
      const close = () => void ends.delete(own);
      actor.onDeath.push(close);
      return {
        tell(channel, text) {
          for (const end of [...ends]) {
            const isLost = chance(random, loses);
            const inMs = between(random, 0, lateMs);
            const listeners = end.heard.get(channel) ?? [];
            if (end === own || listeners.length === 0) continue;
            faults.count(isLost ? "hintLost" : "hint");
            if (isLost) continue;
            loop.after(end.actor, inMs, () => {
              if (ends.has(end)) for (const heard of listeners) heard(text);
            });
          }
        },
        listen(channel, heard) {
          own.heard.set(channel, [...(own.heard.get(channel) ?? []), heard]);
        },
        close,
      };
    },
  };
}
