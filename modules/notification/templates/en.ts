import type { Templates } from "./text.ts";

export const english: Templates = {
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
  order_shipped: (orderId) => ({
    subject: `Your order ${orderId} is on its way`,
    body: `Order ${orderId} was handed over to the carrier, and you have been charged.
`,
  }),
  order_delivered: (orderId) => ({
    subject: `Your order ${orderId} was delivered`,
    body: `Order ${orderId} was delivered.

If something is not as it should be, you can return it for some days: see the order's page.
`,
  }),
  order_cancelled: (orderId) => ({
    subject: `Your order ${orderId} is cancelled`,
    body: `Order ${orderId} is cancelled. What was authorised or charged was given back.

The order's page tells why. You are welcome to order again.
`,
  }),
  order_returned: (orderId) => ({
    subject: `Your order ${orderId} came back`,
    body: `Order ${orderId} is back with us, and what you paid was given back.
`,
  }),
  order_closed: (orderId) => ({
    subject: `Your order ${orderId} is complete`,
    body: `Order ${orderId} is complete: the time in which it could be returned is over.

Thank you for shopping with us.
`,
  }),
};
