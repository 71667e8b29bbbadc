import { expect, test } from "bun:test";
import { afterQuietHours, isTimeZone } from "./quiet-hours.ts";

const at = (text: string) => Date.parse(text);
const night = { from: "22:00", to: "07:00", timeZone: "Asia/Taipei" };

test.each([
  // 21:59 in Taipei, then the night, then the morning.
  ["2026-03-01T13:59:59Z", "2026-03-01T13:59:59Z"],
  ["2026-03-01T14:00:00Z", "2026-03-01T23:00:00Z"],
  ["2026-03-01T16:30:30Z", "2026-03-01T23:00:00Z"],
  ["2026-03-01T22:59:59Z", "2026-03-01T23:00:00Z"],
  ["2026-03-01T23:00:00Z", "2026-03-01T23:00:00Z"],
])("what comes at %s may go at %s", (now, goes) => {
  expect(afterQuietHours(at(now), night)).toBe(at(goes));
});

test("hours that do not pass midnight end on the same day", () => {
  const noon = { from: "12:00", to: "13:30", timeZone: "America/New_York" };
  expect(afterQuietHours(at("2026-01-10T17:15:00Z"), noon)).toBe(at("2026-01-10T18:30:00Z"));
  expect(afterQuietHours(at("2026-01-10T16:59:00Z"), noon)).toBe(at("2026-01-10T16:59:00Z"));
});

test("no hour is quiet without them, or where they end as they begin", () => {
  expect(afterQuietHours(5, null)).toBe(5);
  for (const timeZone of ["UTC", "Asia/Taipei"])
    expect(afterQuietHours(at("2026-01-10T22:00:00Z"), { from: "22:00", to: "22:00", timeZone })).toBe(
      at("2026-01-10T22:00:00Z"),
    );
});

test("every time zone that there is has a clock, and waiting never takes a day", () => {
  const now = at("2026-06-01T12:34:56Z");
  for (const timeZone of ["UTC", ...Intl.supportedValuesOf("timeZone")]) {
    expect(isTimeZone(timeZone)).toBe(true);
    const goes = afterQuietHours(now, { from: "20:00", to: "08:00", timeZone });
    expect(goes).toBeGreaterThanOrEqual(now);
    expect(goes).toBeLessThanOrEqual(now + 12 * 3_600_000);
  }
});

test.each([
  ["Asia/Calcutta", "Asia/Kolkata"],
  ["US/Pacific", "America/Los_Angeles"],
])("%s is an older name of %s", (older, name) => {
  expect(isTimeZone(older)).toBe(true);
  const now = at("2026-01-10T00:00:00Z");
  const goes = (timeZone: string) => afterQuietHours(now, { from: "00:00", to: "23:00", timeZone });
  expect(goes(older)).toBe(goes(name));
});

test.each(["", "Mars/Olympus", "+08:00", "Asia/Taipei ", "é"])("%o is no time zone", (name) => {
  expect(isTimeZone(name)).toBe(false);
});
