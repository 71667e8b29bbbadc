import { type Channel, IN_APP, type Route } from "./channel.ts";
import type { Language } from "./language.ts";
import { afterQuietHours, type QuietHours } from "./quiet-hours.ts";

/** What a customer is told about an order: at most one notice for each kind and channel. */
export const noticeKinds = [
  "order_confirmed",
  "order_refused",
  "order_shipped",
  "order_delivered",
  "order_cancelled",
  "order_returned",
  "order_closed",
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export const noticeStatuses = ["PENDING", "SENT", "FAILED"] as const;
export type NoticeStatus = (typeof noticeStatuses)[number];

/** How it was to be sent when it was made, whatever the customer has wished since. What is absent is the default. */
export interface Manner {
  /** English. */
  readonly language?: Language;
  /** None. */
  readonly quietHours?: QuietHours;
}

export interface Notice extends Manner {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly channel: Channel;
  readonly status: NoticeStatus;
  /** When it came to be, ms since the epoch. */
  readonly at: number;
  /** How often sending it has failed. */
  readonly failures: number;
  /** Absent: the order's e-mail address. */
  readonly recipient?: string;
  /** When it is to be sent first; absent: at once. */
  readonly sendFrom?: number;
  /** Where it goes when it could not be sent; absent: into the app; null: nowhere. */
  readonly fallback?: Route | null;
}

/** All notices of an order, in the order of their making. */
export interface OrderNotices {
  readonly orderId: string;
  readonly customerId: string;
  readonly email: string | null;
  readonly notices: readonly Notice[];
}

const transitions: Readonly<Record<NoticeStatus, readonly NoticeStatus[]>> = {
  PENDING: ["SENT", "FAILED"],
  SENT: [],
  FAILED: [],
};

/** The notice in another status. Throws where that is not legal. */
export function withStatus(notice: Notice, status: NoticeStatus): Notice {
  if (!transitions[notice.status].includes(status)) {
    throw new Error(`the notice ${notice.id} is ${notice.status} and cannot become ${status}`);
  }
  return { ...notice, status };
}

export const findNotice = ({ notices }: OrderNotices, kind: NoticeKind, channel: Channel) =>
  notices.find((notice) => notice.kind === kind && notice.channel === channel);

/** The same notices with one of them replaced. */
export const replaceNotice = (order: OrderNotices, changed: Notice): OrderNotices => ({
  ...order,
  notices: order.notices.map((notice) => (notice.id === changed.id ? changed : notice)),
});

export const languageOf = ({ language = "en" }: Notice): Language => language;
export const fallbackOf = ({ fallback }: Notice): Route | null => (fallback === undefined ? IN_APP : fallback);

/** Nobody is disturbed by what stands in a list. */
const quietHoursOf = ({ channel, quietHours }: Notice) => (channel === "in_app" ? null : (quietHours ?? null));

/** When a notice may go out: not in quiet hours. */
export const mayGoMs = (notice: Notice, now: number) => afterQuietHours(now, quietHoursOf(notice));

/** Between two notices of an order that were kept by the same quiet hours. */
const APART_MS = 1_000;

/** When a new notice is to go out first: now, or after quiet hours, and then behind those of the order that wait as well. */
export function firstAttemptMs({ notices }: OrderNotices, notice: Notice, now: number): number {
  const dueMs = mayGoMs(notice, now);
  if (dueMs <= now) return now;
  const waiting = notices.filter(({ channel, status }) => channel === notice.channel && status === "PENDING");
  return Math.max(dueMs, ...waiting.map(({ sendFrom = 0 }) => sendFrom + APART_MS));
}

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;
const HOUR_MS = 3_600_000;

/** For how long sending is tried: what is read on the way is of no use a day later. */
const PATIENCE_MS: Readonly<Record<Channel, number>> = {
  email: 24 * HOUR_MS,
  sms: HOUR_MS,
  push: HOUR_MS,
  in_app: 0,
};

/** When a notice whose sending has failed is due again; undefined: it has been tried for long enough. */
export function nextAttemptMs(notice: Notice, now: number): number | undefined {
  if (now - (notice.sendFrom ?? notice.at) >= PATIENCE_MS[notice.channel]) return undefined;
  return mayGoMs(notice, now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (notice.failures - 1)));
}
