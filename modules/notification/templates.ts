import type { Language } from "./language.ts";
import type { NoticeKind } from "./notice.ts";
import { english } from "./templates/en.ts";
import type { Templates, Text } from "./templates/text.ts";
import { chinese } from "./templates/zh-tw.ts";

const TEMPLATES: Readonly<Record<Language, Templates>> = { en: english, "zh-TW": chinese };

/** The text of a notice about an order. */
export const textOf = (kind: NoticeKind, language: Language, orderId: string): Text =>
  TEMPLATES[language][kind](orderId);
