/**
 * The port through which notices leave as e-mail. `send` resolves when the other side has taken the mail, and rejects
 * with `NothingHappened` where it certainly has not. Sending is repeated after an unknown outcome: a mail's Message-ID
 * is fixed, so a side that knows Message-IDs takes it once; over SMTP a duplicate is possible.
 */
import * as z from "zod";
import { defineCall } from "../../runtime/messages/call.ts";
import { type NoticeKind, noticeKinds } from "./notice.ts";

export interface Mail {
  /** Constant for a notice, in angle brackets as in the mail's header. */
  readonly messageId: string;
  readonly recipient: string;
  readonly subject: string;
  /** Plain text. */
  readonly body: string;
}

export interface NotificationSender {
  send(mail: Mail, signal: AbortSignal): Promise<void>;
}

export const sendEmail = defineCall({
  kind: "send_email",
  request: z.object({ orderId: z.string(), kind: z.enum(noticeKinds), recipient: z.string() }),
  answer: z.object({}),
  afterCrash: "repeat",
});

export const messageIdOf = (orderId: string, kind: NoticeKind) => `<${orderId}.${kind}.email@genai-demo>`;
