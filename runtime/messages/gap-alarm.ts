import type { Clock } from "../clock.ts";
import type { Envelope } from "./envelope.ts";

/** Reports a (topic, key) whose next message has not come for `alarmMs` while later ones wait; once a gap. */
export function createGapAlarm(clock: Clock, alarmMs: number, report: (waiting: Envelope) => void) {
  const since = new Map<string, { readonly ms: number; reported: boolean }>();
  return {
    /** A message was looked at and its forerunner is still missing. */
    waits(envelope: Envelope) {
      const { topic, key } = envelope;
      const name = `${topic} ${key}`;
      const gap = since.get(name);
      if (!gap) since.set(name, { ms: clock.now(), reported: false });
      else if (!gap.reported && clock.now() - gap.ms >= alarmMs) {
        gap.reported = true;
        report(envelope);
      }
    },
    /** The mark moved: what waits now, if anything, waits for another number. */
    moved(topic: string, key: string) {
      since.delete(`${topic} ${key}`);
    },
    /** For how long a number of that topic and key has been missing. */
    ageMs: (topic: string, key: string) => clock.now() - (since.get(`${topic} ${key}`)?.ms ?? clock.now()),
    any: () => since.size > 0,
  };
}
