/** A dead letter as operators see it: its name, what is told of it in a list, and what is in it. */
import * as z from "zod";
import type { Row } from "../database/port.ts";
import type { UnreadableRecord } from "../transport/port.ts";
import type { Envelope } from "./envelope.ts";
import type { IntentRow, TimerRow } from "./item.ts";

/** Longer ones cannot be asked about. */
export const KEY_LIMIT = 500;
export const SOURCE_LIMIT = 602;
const TYPE_LIMIT = 500;
export const SEQUENCE_LIMIT = 2_147_483_647;
export const DISCARD_REASON_LIMIT = 500;

/**
 * Where a letter stands in its module. `source`: a topic, `timer:<kind>`, `call:<kind>:<id of the intent>`, or
 * `record:<topic>` for what came as a record and is no message; its key is then `<partition>-<offset>`.
 */
export const letterPlaceSchema = z.object({ key: z.string(), source: z.string(), sequence: z.int().nonnegative() });
export type LetterPlace = z.infer<typeof letterPlaceSchema>;

export const letterReasonSchema = z.enum(["threw", "behind", "rejected", "unreadable"]);

export const letterSchema = letterPlaceSchema.extend({
  reason: letterReasonSchema,
  /** One line. */
  error: z.string(),
  parkedAtMs: z.number(),
  /** The message's type; timers and calls have it in their source. */
  type: z.string().optional(),
  /** It stands only until its number's turn comes, and is not handled then. */
  discarded: z.object({ atMs: z.number(), reason: z.string() }).optional(),
});
export type Letter = z.infer<typeof letterSchema>;

/** Which letters are asked for: those that match all that is given. */
export const letterFilterSchema = z.object({
  /** The aggregate's. */
  key: z.string().min(1).max(KEY_LIMIT).optional(),
  /** The message's type; `timer:KIND`, `call:KIND` or `record:TOPIC`, or their first word, for what is no message. */
  type: z.string().min(1).max(TYPE_LIMIT).optional(),
  reason: letterReasonSchema.optional(),
});
export type LetterFilter = z.infer<typeof letterFilterSchema>;

/** Holds personal data: for operators' eyes, never for a log. */
export const openedLetterSchema = letterSchema.extend({
  fullError: z.string(),
  /** The message's data, a timer's due time, or a call's request and outcome. */
  payload: z.unknown(),
  trace: z.object({
    traceparent: z.string().optional(),
    correlationId: z.string().optional(),
    causationId: z.string().optional(),
  }),
});
export type OpenedLetter = z.infer<typeof openedLetterSchema>;

/** `MODULE:KEY:SOURCE:SEQUENCE`. Modules and keys hold no colon. */
export const letterId = (module: string, { key, source, sequence }: LetterPlace) =>
  `${module}:${key}:${source}:${sequence}`;

const ID = /^([a-z][a-z0-9_-]{0,62}):([^:]{1,500}):([^:]{1,200}(?::[^:]{1,200}){0,2}):(0|[1-9]\d{0,9})$/;

/** The parts of a letter's id, or undefined for what is none. */
export function parseLetterId(id: string): { readonly module: string; readonly place: LetterPlace } | undefined {
  const [, module, key, source, digits] = ID.exec(id) ?? [];
  const sequence = Number(digits);
  if (module === undefined || key === undefined || source === undefined || sequence > SEQUENCE_LIMIT) return undefined;
  const numbered = letterKind(source) === "message";
  // Messages are counted from 1; timers and calls are not counted.
  if (numbered !== sequence > 0 || (numbered && source.includes(":"))) return undefined;
  return { module, place: { key, source, sequence } };
}

/** What was parked, by its source. */
export function letterKind(source: string): "message" | "timer" | "call" | "record" {
  const [first] = source.split(":", 1);
  if (first === source) return "message";
  return first === "timer" || first === "call" ? first : "record";
}

/** The columns that `letterOf` and `openedLetterOf` read. */
export const LETTER_COLUMNS = "key, source, sequence, reason, error, message, parked_at, discarded_at, discard_reason";

export function letterOf(row: Row): Letter {
  const { key, source, sequence, reason, error, parked_at, discarded_at, discard_reason } = row;
  const content = contentOf(row);
  return {
    key: String(key),
    source: String(source),
    sequence: Number(sequence),
    // Written from `DeadLetterRow` only.
    reason: reason as Letter["reason"],
    error: oneLine(String(error)),
    parkedAtMs: Number(parked_at),
    ...(content.kind === "message" ? { type: content.envelope.type } : {}),
    ...(discarded_at === null ? {} : { discarded: { atMs: Number(discarded_at), reason: String(discard_reason) } }),
  };
}

export function openedLetterOf(row: Row): OpenedLetter {
  const content = contentOf(row);
  return { ...letterOf(row), fullError: String(row.error), payload: payloadOf(content), trace: traceOf(content) };
}

type LetterContent =
  | { readonly kind: "message"; readonly envelope: Envelope }
  | { readonly kind: "timer"; readonly timer: Pick<TimerRow, "dueMs" | "traceparent"> }
  | { readonly kind: "call"; readonly intent: IntentRow; readonly outcome: unknown }
  | { readonly kind: "record"; readonly record: UnreadableRecord };

/** What was parked. Written by the batch that parked it, or by `parkUnreadable`, and by nobody else. */
export function contentOf(row: Row): LetterContent {
  const content = JSON.parse(String(row.message));
  const kind = letterKind(String(row.source));
  switch (kind) {
    case "message":
      return { kind, envelope: envelopeOf(row, content) };
    case "timer":
      return { kind, timer: content };
    case "call":
      return { kind, ...content };
    case "record":
      return { kind, record: content };
  }
}

/** Where it stands is said by its row alone; what else is damaged shows when it is tried, and parks it again. */
function envelopeOf({ key, source, sequence }: Row, content: Partial<Envelope>): Envelope {
  const { type, data } = content;
  const place = { topic: String(source), key: String(key), sequence: Number(sequence) };
  const body = {
    type: typeof type === "string" ? type : "",
    data: typeof data === "string" ? data : JSON.stringify(data ?? null),
  };
  // The other attributes are passed on and told, and nothing is decided by them.
  return { ...content, ...place, ...body } as Envelope;
}

function payloadOf(content: LetterContent): unknown {
  if (content.kind === "message") return dataOf(content.envelope.data);
  if (content.kind === "record") return content.record;
  if (content.kind === "timer") return { dueAt: new Date(content.timer.dueMs).toISOString() };
  return { request: dataOf(content.intent.request), outcome: content.outcome };
}

/** What is no JSON may be what was wrong with it. */
function dataOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function traceOf(content: LetterContent): OpenedLetter["trace"] {
  if (content.kind === "record") return {};
  const { traceparent } =
    content.kind === "message" ? content.envelope : content.kind === "timer" ? content.timer : content.intent;
  const traced = traceparent === undefined ? {} : { traceparent };
  if (content.kind !== "message") return traced;
  const { correlationId, causationId } = content.envelope;
  return { correlationId, causationId, ...traced };
}

const LINE_LIMIT = 300;

/** An error without its stack. */
function oneLine(error: string): string {
  const [said = ""] = error.split(/\n\s+at /, 1);
  const line = said.replaceAll(/\s+/g, " ").trim();
  return line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)}…` : line;
}
