/**
 * The port through which notices leave, on whatever channel. `send` resolves when the other side has taken the notice,
 * and rejects with `NothingHappened` where it certainly has not. Sending is repeated after an unknown outcome: a
 * notice's Message-ID is fixed, so a side that knows Message-IDs takes it once; over SMTP a duplicate is possible.
 */
import * as z from "zod";
import { defineCall } from "../../runtime/messages/call.ts";
import { type SentChannel, sentChannels } from "./channel.ts";
import { languages } from "./language.ts";
import { type NoticeKind, noticeKinds } from "./notice.ts";

export interface Mail {
  readonly channel: SentChannel;
  /** Constant for a notice, in angle brackets as in an e-mail's header. */
  readonly messageId: string;
  /** An e-mail address, a telephone number or a device's token. */
  readonly recipient: string;
  /** One line: all that an SMS says, and a push's title. */
  readonly subject: string;
  /** Plain text. */
  readonly body: string;
}

export interface NotificationSender {
  send(mail: Mail, signal: AbortSignal): Promise<void>;
}

/** As the service map names it. */
const PEER = "notification-gateway";

const aboutNotice = { orderId: z.string(), kind: z.enum(noticeKinds), recipient: z.string() };

/**
 * An e-mail in English, which is all that the first release sends: its replicas carry this out as well. The release after
 * it asked so for every other notice too, with its channel and language: those that it has left behind are still sent.
 */
export const sendEnglishEmail = defineCall({
  kind: "send_email",
  peer: PEER,
  request: z.object({
    ...aboutNotice,
    channel: z.enum(sentChannels).optional(),
    language: z.enum(languages).optional(),
  }),
  answer: z.object({}),
  afterCrash: "repeat",
});

/** Everything else. A replica of the first release parks it, instead of mailing to a telephone number. */
export const sendNotice = defineCall({
  kind: "send_notice",
  peer: PEER,
  request: z.object({ ...aboutNotice, channel: z.enum(sentChannels), language: z.enum(languages) }),
  answer: z.object({}),
  afterCrash: "repeat",
});

export const messageIdOf = (orderId: string, kind: NoticeKind, channel: SentChannel) =>
  `<${orderId}.${kind}.${channel}@genai-demo>`;
