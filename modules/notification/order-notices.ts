/**
 * Decides which notices an order's events give rise to, and what becomes of an e-mail.
 *
 * A notice is made once for each kind and channel, in the commit that handles the event. The list of notices is itself
 * the in-app inbox, so an in-app notice is SENT at once. An e-mail is PENDING until the sender has taken it; a failed
 * or unknown attempt is repeated by a durable timer with growing pauses, and given up as FAILED after a day.
 */
import { call, onOutcome } from "../../runtime/messages/call.ts";
import type { MessageType } from "../../runtime/messages/contract.ts";
import { type Decision, type DecisionContext, on, type TimerHandler } from "../../runtime/messages/decision.ts";
import { orderEvents } from "../order/contract.ts";
import {
  findNotice,
  type Notice,
  type NoticeKind,
  nextAttemptMs,
  noticeKinds,
  type OrderNotices,
  replaceNotice,
  withStatus,
} from "./notice.ts";
import { messageIdOf, type NotificationSender, sendEmail } from "./sender.ts";
import { textOf } from "./templates.ts";

type Outcome = Decision<OrderNotices>;

interface Told {
  readonly customerId: string;
  readonly email?: string | undefined;
}

function notify(
  order: OrderNotices | undefined,
  kind: NoticeKind,
  { customerId, email }: Told,
  { key, now, ids }: DecisionContext,
): Outcome {
  const present = order ?? { orderId: key, customerId, email: null, notices: [] };
  const channel = email === undefined ? "in_app" : "email";
  if (findNotice(present, kind, channel)) return {};
  const notice: Notice = {
    id: ids.next(),
    kind,
    channel,
    status: email === undefined ? "SENT" : "PENDING",
    at: now,
    failures: 0,
  };
  return {
    state: { ...present, email: email ?? present.email, notices: [...present.notices, notice] },
    calls: email === undefined ? [] : [call(sendEmail, { orderId: key, kind, recipient: email })],
  };
}

/** A mail server that takes longer has perhaps taken the mail: it is sent again under the same Message-ID. */
const SEND_TIMEOUT_MS = 30_000;

const announces = <Data extends Told>(type: MessageType<Data>, kind: NoticeKind) =>
  on(
    type,
    (order: OrderNotices | undefined, told: Data, context: DecisionContext) => notify(order, kind, told, context),
    { urgency: "background" },
  );

/** Handlers of `order.events`. That an order is closed is news to nobody. */
export const noticeHandlers = [
  announces(orderEvents.OrderConfirmed, "order_confirmed"),
  announces(orderEvents.OrderRefused, "order_refused"),
  announces(orderEvents.OrderShipped, "order_shipped"),
  announces(orderEvents.OrderDelivered, "order_delivered"),
  announces(orderEvents.OrderCancelled, "order_cancelled"),
  announces(orderEvents.OrderReturned, "order_returned"),
];

const timerKind = (kind: NoticeKind) => `email.${kind}`;

function emailNotice(order: OrderNotices | undefined, kind: NoticeKind) {
  const notice = order && findNotice(order, kind, "email");
  if (!notice) throw new Error(`there is no e-mail notice ${kind} of this order`);
  return { order, notice };
}

export const noticeCalls = [
  onOutcome(
    sendEmail,
    SEND_TIMEOUT_MS,
    async (sender: NotificationSender, { orderId, kind, recipient }, signal) => {
      await sender.send({ messageId: messageIdOf(orderId, kind), recipient, ...textOf(kind, orderId) }, signal);
      return {};
    },
    (state: OrderNotices | undefined, { kind }, outcome, { now }): Outcome => {
      const { order, notice } = emailNotice(state, kind);
      if (outcome.kind === "answered") return { state: replaceNotice(order, withStatus(notice, "SENT")) };
      const failed: Notice = { ...notice, failures: notice.failures + 1 };
      const dueMs = nextAttemptMs(failed, now);
      return dueMs === undefined
        ? { state: replaceNotice(order, withStatus(failed, "FAILED")) }
        : { state: replaceNotice(order, failed), setTimers: [{ kind: timerKind(kind), dueMs }] };
    },
  ),
];

/** One timer a kind: each fires when that kind's e-mail is due again. */
export const noticeTimers: readonly TimerHandler<OrderNotices, never>[] = noticeKinds.map((kind) => ({
  kind: timerKind(kind),
  decide: (state): Outcome => {
    const { order, notice } = emailNotice(state, kind);
    if (order.email === null || notice.status !== "PENDING") {
      throw new Error(`the e-mail notice ${notice.id} is ${notice.status} and is not to be sent again`);
    }
    return { calls: [call(sendEmail, { orderId: order.orderId, kind, recipient: order.email })] };
  },
}));
