import type { NoticeKind } from "../notice.ts";

export interface Text {
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

/** The texts of one language. They name the order and nothing else of it. */
export type Templates = Readonly<Record<NoticeKind, (orderId: string) => Text>>;
