/** What every module with messages answers about its dead letters; operators ask through the edge. */
import * as z from "zod";
import type { Database } from "../database/port.ts";
import { answers, defineRpc, type RpcHandler } from "../rpc/port.ts";
import { commandAuditSchema } from "./audit.ts";
import {
  DISCARD_REASON_LIMIT,
  KEY_LIMIT,
  letterFilterSchema,
  letterPlaceSchema,
  letterSchema,
  openedLetterSchema,
  SEQUENCE_LIMIT,
  SOURCE_LIMIT,
} from "./dead-letter.ts";
import { readLetter, readLetters } from "./read-letters.ts";
import type { LetterRelease } from "./release-letters.ts";

/** What is asked about is bounded; what is answered is as long as what was parked. */
const placeSchema = z.object({
  key: z.string().max(KEY_LIMIT),
  source: z.string().max(SOURCE_LIMIT),
  sequence: z.int().min(0).max(SEQUENCE_LIMIT),
});
/** Any key that a list has told, also one that is too long to be asked about. */
const positionSchema = placeSchema.extend({ key: z.string().max(1000), parkedAtMs: z.number() });
const claimSchema = z.object({ scope: z.uuid(), bodyHash: z.uuid() }).nullable();
/** The operator's entry in the audit log; an edge of an older version sends none. */
const auditSchema = commandAuditSchema.nullable().optional();
const releaseSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("unknown") }),
  z.object({ kind: z.literal("keyReused") }),
  z.object({
    kind: z.literal("done"),
    released: z.array(letterPlaceSchema).readonly(),
    releasedCount: z.int(),
    left: z.array(letterSchema).readonly(),
    leftCount: z.int(),
    state: z.enum(["parked", "discarded", "gone"]),
    pending: z.boolean(),
  }),
]);

/**
 * The methods of one module. A release without a claim that is repeated answers that there is no such letter: the first
 * one has let it go. So whoever asks decides about repeating it.
 */
export const deadLetterRpc = (module: string) => ({
  list: defineRpc({
    module,
    name: "deadLetters.list",
    request: z.object({
      after: positionSchema.nullable(),
      limit: z.int().positive().max(1000),
      filter: letterFilterSchema.optional(),
    }),
    response: z.object({ letters: z.array(letterSchema).readonly() }),
  }),
  show: defineRpc({
    module,
    name: "deadLetters.show",
    request: placeSchema,
    response: z.object({ letter: openedLetterSchema.nullable() }),
  }),
  replay: defineRpc({
    module,
    name: "deadLetters.replay",
    request: z.object({ place: placeSchema, claim: claimSchema, audit: auditSchema }),
    response: releaseSchema,
    effect: true,
  }),
  discard: defineRpc({
    module,
    name: "deadLetters.discard",
    request: z.object({
      place: placeSchema,
      reason: z.string().max(DISCARD_REASON_LIMIT),
      claim: claimSchema,
      audit: auditSchema,
    }),
    response: releaseSchema,
    effect: true,
  }),
});

/** `release` is there once the module is wired; a module without messages has no letters at all. */
export function deadLetterHandlers(
  module: string,
  messages: { readonly database: Database; readonly release: () => LetterRelease } | undefined,
): readonly RpcHandler[] {
  const methods = deadLetterRpc(module);
  if (!messages)
    return [
      answers(methods.list, async () => ({ letters: [] })),
      answers(methods.show, async () => ({ letter: null })),
      answers(methods.replay, async () => ({ kind: "unknown" as const })),
      answers(methods.discard, async () => ({ kind: "unknown" as const })),
    ];
  const { database, release } = messages;
  return [
    answers(methods.list, async ({ after, limit, filter }) => ({
      letters: await readLetters(database, after, limit, filter),
    })),
    answers(methods.show, async (place) => ({ letter: (await readLetter(database, place)) ?? null })),
    answers(methods.replay, async ({ place, claim, audit }) => release().replay(place, claim, audit)),
    answers(methods.discard, async ({ place, reason, claim, audit }) => release().discard(place, reason, claim, audit)),
  ];
}
