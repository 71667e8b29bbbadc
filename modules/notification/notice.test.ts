import { describe, expect, test } from "bun:test";
import { type Notice, type NoticeStatus, nextAttemptMs, noticeStatuses, withStatus } from "./notice.ts";

const notice = (over: Partial<Notice> = {}): Notice => ({
  id: "n",
  kind: "order_confirmed",
  channel: "email",
  status: "PENDING",
  at: 1_000,
  failures: 1,
  ...over,
});

describe("a notice's status", () => {
  const legal: readonly string[] = ["PENDING SENT", "PENDING FAILED"];
  const pairs = noticeStatuses.flatMap((from) => noticeStatuses.map((to): [NoticeStatus, NoticeStatus] => [from, to]));

  test.each(pairs)("from %s to %s", (from, to) => {
    const change = () => withStatus(notice({ status: from }), to);
    if (legal.includes(`${from} ${to}`)) expect(change()).toEqual(notice({ status: to }));
    else expect(change).toThrow(`is ${from} and cannot become ${to}`);
  });
});

describe("the next attempt", () => {
  test("comes after 5 s, then after pauses that double up to 10 minutes", () => {
    const pauses = Array.from({ length: 9 }, (_, index) => {
      const now = 50_000;
      return (nextAttemptMs(notice({ failures: index + 1 }), now) ?? Number.NaN) - now;
    });
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000]);
    expect(nextAttemptMs(notice({ failures: 5_000 }), 50_000)).toBe(650_000);
  });

  test("is given up when the notice is a day old", () => {
    const day = 24 * 60 * 60 * 1000;
    expect(nextAttemptMs(notice(), 1_000 + day - 1)).toBe(1_000 + day - 1 + 5_000);
    expect(nextAttemptMs(notice(), 1_000 + day)).toBeUndefined();
  });
});
