/** What a customer is told about an order: at most one notice for each kind and channel. */
export const noticeKinds = [
  "order_confirmed",
  "order_refused",
  "order_shipped",
  "order_delivered",
  "order_cancelled",
  "order_returned",
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export const channels = ["email", "in_app"] as const;
export type Channel = (typeof channels)[number];

export const noticeStatuses = ["PENDING", "SENT", "FAILED"] as const;
export type NoticeStatus = (typeof noticeStatuses)[number];

export interface Notice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly channel: Channel;
  readonly status: NoticeStatus;
  /** When it came to be, ms since the epoch. */
  readonly at: number;
  /** How often sending it has failed. */
  readonly failures: number;
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

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** When a notice whose sending has failed is due again; undefined: it is a day old and given up. */
export function nextAttemptMs(notice: Notice, now: number): number | undefined {
  if (now - notice.at >= GIVE_UP_AFTER_MS) return undefined;
  return now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (notice.failures - 1));
}
