/** Hours in which a customer wants to hear nothing, by the clock on that customer's wall. */
export interface QuietHours {
  /** `22:00`. */
  readonly from: string;
  /** `07:00`: before `from`, it is the next morning; the same as `from`, no hour is quiet. */
  readonly to: string;
  /** A name of the IANA database. */
  readonly timeZone: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/**
 * Whether there is a time zone of this name: also an older one of a zone that has been renamed. A mere offset is none,
 * as its clock is not put forward.
 */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/** Making one costs more than all that is done with it. Each spelling of a name has its own, so there is an end to them. */
const MOST_CLOCKS = 600;
const clocks = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(now: number, timeZone: string): number {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    if (clocks.size >= MOST_CLOCKS) clocks.clear();
    clocks.set(timeZone, clock);
  }
  return minuteOf(clock.format(now));
}

/**
 * The moment from which something may be sent: now, or when the quiet hours end. Where the clock is put forward or back
 * in the meantime it is an hour off, so whoever waits for it asks again then.
 */
export function afterQuietHours(now: number, quiet: QuietHours | null): number {
  if (quiet === null) return now;
  const [from, to] = [minuteOf(quiet.from), minuteOf(quiet.to)];
  const minute = minuteOfDay(now, quiet.timeZone);
  const isQuiet = from <= to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!isQuiet) return now;
  const left = (to - minute + DAY_MINUTES) % DAY_MINUTES;
  return (Math.floor(now / MINUTE_MS) + left) * MINUTE_MS;
}
