import type { Contents } from "./platform-contents.ts";

/** Tables without a row. */
export const NOTHING: Contents = {
  orders: [],
  history: [],
  requests: [],
  payments: [],
  charges: [],
  reservations: [],
  stock: [],
  movements: [],
  coupons: [],
  couponUses: [],
  shipments: [],
  notices: [],
  mails: [],
  producers: [],
  consumers: [],
  outbox: [],
  intents: [],
  timers: [],
  deadLetters: [],
};

/** A payment over 100 that was asked for and needs nothing, but for what is said of it. */
export const paymentOf = (
  key: string,
  more: Partial<Contents["payments"][number]> = {},
): Contents["payments"][number] => ({
  key,
  status: "AUTHORISED",
  amount: 100,
  authorised: 100,
  captured: 0,
  refunded: 0,
  manuallyRefunded: 0,
  refunding: 0,
  work: "none",
  tries: 1,
  failures: 0,
  paused: false,
  voidFor: null,
  createdMs: 0,
  ...more,
});
