/**
 * What a module tells of each of its keys, so that somebody who sees all modules can hold them against each other.
 *
 * Pages come in the order of the keys (byte by byte) and leave out no key that the module has anything of: an
 * aggregate, a mark, an open message, timer or call, a dead letter. What a page says was read within some milliseconds,
 * not at one moment: who finds a contradiction looks at those keys again before believing it. What an aggregate shows is
 * declared loosely (any whole number, any text): damage must be shown, not be refused for its shape.
 */
import * as z from "zod";
import { defineRpc, type RpcMethod } from "../rpc/port.ts";

const factsRequest = z.object({
  /** Only keys after it; null from the first. Not looked at when `keys` are given. */
  after: z.string().nullable(),
  /** Exactly these; null: a page. */
  keys: z.array(z.string()).max(1000).nullable(),
  limit: z.int().min(1).max(1000),
});

const numbers = z.record(z.string(), z.int());

/** It stands in a shard that is not its key's, where nobody looks for it. */
const misplaced = z.boolean();

/** What the message core holds of a key. */
const coreFacts = z.object({
  key: z.string(),
  /** 0: there is no aggregate. */
  version: z.int(),
  /** By topic: the last number handled. */
  in: numbers,
  /** By topic: the last number given out. */
  out: numbers,
  outbox: z.array(z.object({ topic: z.string(), sequence: z.int(), misplaced })),
  timers: z.array(z.object({ kind: z.string(), dueMs: z.number(), misplaced })),
  calls: z.array(z.object({ kind: z.string(), misplaced })),
  letters: z.array(z.object({ source: z.string(), sequence: z.int(), reason: z.string() })),
});

export type FactsRequest = z.infer<typeof factsRequest>;
export type CoreFacts = z.infer<typeof coreFacts>;

export interface KeyFacts<Facts> extends CoreFacts {
  /** The aggregate, as far as others may know of it; null where there is none. */
  readonly aggregate: Facts | null;
}

export interface FactsPage<Facts> {
  /** Topics that the module listens to. */
  readonly subscribes: string[];
  /** Of these, topics with messages that have left their outbox and are not settled; looked at after the items. */
  readonly travelling: string[];
  readonly items: KeyFacts<Facts>[];
  /** There is no key after the last one. */
  readonly complete: boolean;
}

export type FactsMethod<Facts> = RpcMethod<FactsRequest, FactsPage<Facts>>;

/** Declares a module's facts in its contract; `aggregate` is what its aggregates show. */
export const defineFacts = <Facts>(module: string, aggregate: z.ZodType<Facts>): FactsMethod<Facts> =>
  defineRpc({
    module,
    name: "facts",
    request: factsRequest,
    response: z.object({
      subscribes: z.array(z.string()),
      travelling: z.array(z.string()),
      items: z.array(coreFacts.extend({ aggregate: aggregate.nullable() })),
      complete: z.boolean(),
    }),
  });
