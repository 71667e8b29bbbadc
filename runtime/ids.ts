import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** Makes identifiers: UUIDv7 strings (RFC 9562), rising within a process. */
export interface Ids {
  next(): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex = (value: number, bytes: number) => {
  let text = "";
  for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text += HEX[(value >>> shift) & 0xff];
  return text;
};

/** UUIDv7 from the given clock and chance. A counter of 12 bits keeps ids of one millisecond in order. */
export function createIds(clock: Clock, random: Random): Ids {
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      const now = clock.now();
      if (now > lastMs) {
        lastMs = now;
        counter = random.uint32() & 0x7ff;
      } else if (++counter > 0xfff) {
        lastMs += 1;
        counter = 0;
      }
      const high = hex(Math.floor(lastMs / 0x10000), 4);
      const low = hex(lastMs % 0x10000, 2);
      const variant = hex(0x8000 | (random.uint32() & 0x3fff), 2);
      return `${high}-${low}-${hex(0x7000 | counter, 2)}-${variant}-${hex(random.uint32() & 0xffff, 2)}${hex(random.uint32(), 4)}`;
    },
  };
}
