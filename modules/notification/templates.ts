import type { NoticeKind } from "./notice.ts";

export interface Text {
  readonly subject: string;
  readonly body: string;
}

const TEMPLATES: Readonly<Record<NoticeKind, (orderId: string) => Text>> = {
  order_confirmed: (orderId) => ({
    subject: `Your order ${orderId} is confirmed`,
    body: `Thank you for your order.

Order ${orderId} is confirmed: its items are set aside and its payment is authorised.
You are charged when the parcel leaves.
`,
  }),
  order_refused: (orderId) => ({
    subject: `Your order ${orderId} could not be accepted`,
    body: `We are sorry.

Order ${orderId} could not be accepted, and you are not charged.
The order's page tells the reason. You are welcome to order again.
`,
  }),
};

/** The text of a notice. It names the order and nothing else of it. */
export const textOf = (kind: NoticeKind, orderId: string): Text => TEMPLATES[kind](orderId);
