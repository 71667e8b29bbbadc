/**
 * What becomes of one notice. In the app it is SENT at once. On any other channel it is PENDING until the sender has
 * taken it: it goes out now or when the customer's quiet hours end, then in the order in which notices were made. A
 * failed or unknown attempt is repeated by a durable timer with growing pauses, and what is given up is FAILED and goes
 * to its fallback channel. There is never a second notice of a kind on a channel, so a fallback that has told it already
 * is not told again.
 */
import { call } from "../../runtime/messages/call.ts";
import type { CallRequest, Decision } from "../../runtime/messages/decision.ts";
import { isSent, type SentChannel } from "./channel.ts";
import type { Language } from "./language.ts";
import {
  fallbackOf,
  findNotice,
  firstAttemptMs,
  languageOf,
  mayGoMs,
  type Notice,
  type NoticeKind,
  nextAttemptMs,
  type OrderNotices,
  replaceNotice,
  withStatus,
} from "./notice.ts";
import type { CustomerPreferences } from "./preferences.ts";
import { sendEnglishEmail, sendNotice } from "./sender.ts";

export type Outcome = Decision<OrderNotices, CustomerPreferences> & { readonly state: OrderNotices };

/** Each fires when a kind's notice is due on a channel. The first release, which has English only, has `email.…` alone. */
export const timerKind = (channel: SentChannel, language: Language, kind: NoticeKind) =>
  language === "en" ? `${channel}.${kind}` : `${channel}.${language}.${kind}`;

const dueAt = (dueMs: number, notice: Notice, channel: SentChannel) => ({
  kind: timerKind(channel, languageOf(notice), notice.kind),
  dueMs,
});

/** Adds a new notice, and begins to send it. */
export function begin(order: OrderNotices, fresh: Omit<Notice, "status" | "failures">, now: number): Outcome {
  const { channel } = fresh;
  const notice: Notice = { ...fresh, status: isSent(channel) ? "PENDING" : "SENT", failures: 0 };
  const dueMs = firstAttemptMs(order, notice, now);
  const added = dueMs > now ? { ...notice, sendFrom: dueMs } : notice;
  const state = { ...order, notices: [...order.notices, added] };
  if (!isSent(channel)) return { state };
  if (dueMs > now) return { state, setTimers: [dueAt(dueMs, notice, channel)] };
  return { state, calls: [send(order, added, channel)] };
}

function send({ orderId, email }: OrderNotices, notice: Notice, channel: SentChannel): CallRequest {
  const recipient = notice.recipient ?? email;
  if (recipient === null) throw new Error(`there is no address for the notice ${notice.id}`);
  const about = { orderId, kind: notice.kind, recipient };
  const language = languageOf(notice);
  return channel === "email" && language === "en"
    ? call(sendEnglishEmail, about)
    : call(sendNotice, { ...about, channel, language });
}

/** Its timer has fired: it goes out, unless it is quiet again (the clock was put back). */
export function due(order: OrderNotices, notice: Notice, now: number): Decision<OrderNotices, CustomerPreferences> {
  const { channel, status } = notice;
  if (!isSent(channel) || status !== "PENDING")
    throw new Error(`the notice ${notice.id} is ${status} and is not to be sent again`);
  const dueMs = mayGoMs(notice, now);
  return dueMs > now ? { setTimers: [dueAt(dueMs, notice, channel)] } : { calls: [send(order, notice, channel)] };
}

/** The sender has taken it. */
export const taken = (order: OrderNotices, notice: Notice): Outcome => ({
  state: replaceNotice(order, withStatus(notice, "SENT")),
});

/** The sender has not, or perhaps has. `next`: the id of the notice on the fallback channel, should it come to that. */
export function failed(order: OrderNotices, notice: Notice, now: number, next: () => string): Outcome {
  const again: Notice = { ...notice, failures: notice.failures + 1 };
  const { channel, kind } = again;
  const dueMs = nextAttemptMs(again, now);
  if (dueMs !== undefined && isSent(channel))
    return { state: replaceNotice(order, again), setTimers: [dueAt(dueMs, again, channel)] };
  const given = replaceNotice(order, withStatus(again, "FAILED"));
  const fallback = fallbackOf(again);
  if (fallback === null || findNotice(given, kind, fallback.channel)) return { state: given };
  const { language, quietHours } = again;
  return begin(
    given,
    {
      id: next(),
      kind,
      channel: fallback.channel,
      at: now,
      ...(fallback.recipient === null ? {} : { recipient: fallback.recipient }),
      ...(language === undefined ? {} : { language }),
      ...(quietHours === undefined ? {} : { quietHours }),
    },
    now,
  );
}
