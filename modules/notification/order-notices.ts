/**
 * Decides which notices an order's events give rise to. A notice is made once for each kind and channel, in the commit
 * that handles the event, as its customer wishes at that moment; what becomes of it then: sending.ts.
 */
import { type CallOutcome, onOutcome } from "../../runtime/messages/call.ts";
import type { MessageType } from "../../runtime/messages/contract.ts";
import { type DecisionContext, on, type TimerHandler } from "../../runtime/messages/decision.ts";
import { orderEvents } from "../order/contract.ts";
import { type Channel, type Route, type SentChannel, sentChannels } from "./channel.ts";
import { type Language, languages } from "./language.ts";
import { findNotice, type Notice, type NoticeKind, noticeKinds, type OrderNotices } from "./notice.ts";
import { type CustomerPreferences, DEFAULT_PREFERENCES, type Preferences, routeOn, routesOf } from "./preferences.ts";
import { messageIdOf, type NotificationSender, sendEnglishEmail, sendNotice } from "./sender.ts";
import { begin, due, failed, type Outcome, taken, timerKind } from "./sending.ts";
import { textOf } from "./templates.ts";

type Context = DecisionContext<CustomerPreferences>;

interface Told {
  readonly customerId: string;
  readonly email?: string | undefined;
}

function notify(
  order: OrderNotices | undefined,
  kind: NoticeKind,
  { customerId, email }: Told,
  { key, now, ids, shared }: Context,
): Partial<Outcome> {
  const present = order ?? { orderId: key, customerId, email: null, notices: [] };
  const { preferences } = shared.get(customerId) ?? { preferences: DEFAULT_PREFERENCES };
  let state: OrderNotices = { ...present, email: email ?? present.email };
  const begun: Outcome[] = [];
  for (const route of routesOf(preferences, email ?? null)) {
    if (findNotice(state, kind, route.channel)) continue;
    const outcome = begin(state, newNotice({ id: ids.next(), kind, at: now, route, email, preferences }), now);
    begun.push(outcome);
    state = outcome.state;
  }
  if (begun.length === 0) return {};
  return {
    state,
    calls: begun.flatMap(({ calls = [] }) => calls),
    setTimers: begun.flatMap(({ setTimers = [] }) => setTimers),
  };
}

interface Wanted {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly at: number;
  readonly route: Route;
  readonly email: string | undefined;
  readonly preferences: Preferences;
}

/** Holds what differs from the default, and no more: there is one for each event of each order. */
function newNotice({ id, kind, at, route, email, preferences }: Wanted): Omit<Notice, "status" | "failures"> {
  const { channel, recipient } = route;
  const { language, quietHours, fallback } = preferences;
  const elsewhere = fallback === null ? null : (routeOn(fallback, email ?? null, preferences) ?? undefined);
  const isDefault = elsewhere === undefined || elsewhere?.channel === "in_app";
  return {
    id,
    kind,
    channel,
    at,
    ...(recipient === null || channel === "email" ? {} : { recipient }),
    ...(language === DEFAULT_PREFERENCES.language ? {} : { language }),
    ...(quietHours === null ? {} : { quietHours }),
    ...(isDefault ? {} : { fallback: elsewhere }),
  };
}

const announces = <Data extends Told>(type: MessageType<Data>, kind: NoticeKind) =>
  on(type, (order: OrderNotices | undefined, told: Data, context: Context) => notify(order, kind, told, context), {
    shares: (_order, { customerId }) => [customerId],
    urgency: "background",
  });

/** Handlers of `order.events`. */
export const noticeHandlers = [
  announces(orderEvents.OrderConfirmed, "order_confirmed"),
  announces(orderEvents.OrderRefused, "order_refused"),
  announces(orderEvents.OrderShipped, "order_shipped"),
  announces(orderEvents.OrderDelivered, "order_delivered"),
  announces(orderEvents.OrderCancelled, "order_cancelled"),
  announces(orderEvents.OrderReturned, "order_returned"),
  announces(orderEvents.OrderClosed, "order_closed"),
];

function present(order: OrderNotices | undefined, kind: NoticeKind, channel: Channel) {
  const notice = order && findNotice(order, kind, channel);
  if (!notice) throw new Error(`there is no notice ${kind} of this order by ${channel}`);
  return { order, notice };
}

/** A side that takes longer has perhaps taken the notice: it is sent again under the same Message-ID. */
const SEND_TIMEOUT_MS = 30_000;

interface Sent {
  readonly orderId: string;
  readonly kind: NoticeKind;
  readonly recipient: string;
  readonly channel: SentChannel;
  readonly language: Language;
}

async function send(sender: NotificationSender, notice: Sent, signal: AbortSignal) {
  const { orderId, kind, channel, language, recipient } = notice;
  const messageId = messageIdOf(orderId, kind, channel);
  await sender.send({ channel, messageId, recipient, ...textOf(kind, language, orderId) }, signal);
  return {};
}

function sent(
  state: OrderNotices | undefined,
  { kind, channel }: Pick<Sent, "kind" | "channel">,
  outcome: CallOutcome<object>,
  { now, ids }: DecisionContext<CustomerPreferences>,
): Outcome {
  const { order, notice } = present(state, kind, channel);
  if (outcome.kind === "answered") return taken(order, notice);
  return failed(order, notice, now, ids.next);
}

export const noticeCalls = [
  onOutcome(
    sendEnglishEmail,
    SEND_TIMEOUT_MS,
    (sender: NotificationSender, { channel = "email", language = "en", ...about }, signal) =>
      send(sender, { ...about, channel, language }, signal),
    (state: OrderNotices | undefined, request, outcome, context: DecisionContext<CustomerPreferences>) =>
      sent(state, { kind: request.kind, channel: request.channel ?? "email" }, outcome, context),
  ),
  onOutcome(sendNotice, SEND_TIMEOUT_MS, send, sent),
];

const timer = (
  channel: SentChannel,
  language: Language,
  kind: NoticeKind,
): TimerHandler<OrderNotices, CustomerPreferences> => ({
  kind: timerKind(channel, language, kind),
  decide(state, { now }) {
    const { order, notice } = present(state, kind, channel);
    return due(order, notice, now);
  },
});

export const noticeTimers = sentChannels.flatMap((channel) =>
  languages.flatMap((language) => noticeKinds.map((kind) => timer(channel, language, kind))),
);
