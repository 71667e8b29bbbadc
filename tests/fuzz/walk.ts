/**
 * Random sequences of real calls. A walker has customers of its own and remembers what it was answered, so that it can
 * go on with its orders, payments and parcels; it draws everything from its seed, and walkers share nothing but the
 * platform. Answers and their times are the platform's: a seed repeats what is asked, as far as the answers are alike.
 */
import * as z from "zod";
import type { Sender } from "./caller.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { type Draft, pathOf } from "./draft.ts";
import { type Drafter, draftOf } from "./drafting.ts";
import { createMemory, type Seen } from "./memory.ts";
import type { Operation } from "./operations.ts";
import { spoiled } from "./spoil.ts";

export interface WalkOptions {
  readonly seed: number;
  readonly operations: readonly Operation[];
  readonly sender: Sender;
  readonly webhookSecret: string | null;
  readonly nowMs: () => number;
  /** Asked before every step. */
  readonly goesOn: () => boolean;
}

const SPOILED = 0.25;
const TWINS = 0.12;
const REPEATED = 0.12;

/** Walks until it is not to go on; resolves with the orders that the platform has acknowledged to it. */
export async function walk({ seed, operations, sender, goesOn, ...rest }: WalkOptions): Promise<readonly string[]> {
  const chance = chanceOf(seed);
  const memory = createMemory();
  const drafter: Drafter = { chance, memory, ...rest };
  const secured = new Set(operations.filter((each) => each.secured).map(({ name }) => name));
  const keyed = new Set(operations.filter(takesKey).map(({ name }) => name));
  while (goesOn()) {
    const right = draftOf(operations, drafter);
    const isSpoiled = chance.happens(SPOILED);
    const draft = isSpoiled ? spoiled(right, chance) : right;
    const learn = (answer: Seen) => memory.learn(draft, pathOf({ ...draft, query: [] }), answer);
    const isKeyed = keyed.has(draft.operation) && draft.headers["idempotency-key"] !== undefined;
    if (isKeyed && chance.happens(TWINS)) {
      const twins = await Promise.all(Array.from({ length: chance.between(2, 4) }, () => sender.send(draft)));
      twins.forEach(learn);
      judgeSame(sender, draft, twins);
      continue;
    }
    const answer = await sender.send(draft);
    learn(answer);
    if (!isSpoiled && secured.has(draft.operation)) judgeAccess(sender, draft, answer);
    if (isKeyed && answer.status < 300 && draft.operation !== KEEPS_NO_KEY && chance.happens(REPEATED))
      await repeat(sender, draft, answer, chance);
  }
  return [...memory.acknowledged];
}

const takesKey = ({ headers }: Operation) => headers.some((name) => name.toLowerCase() === "idempotency-key");

/** What released nothing has had no effect, so there is no answer to keep. */
const KEEPS_NO_KEY = "POST /api/v1/ops/deadletters/replay";

/** The same key again: with the same body the same answer, with another body 422. */
async function repeat(sender: Sender, draft: Draft, answer: Seen, chance: Chance): Promise<void> {
  if (chance.happens(0.6) || draft.body === undefined) {
    const again = await sender.send(draft);
    if (again.status >= 300)
      sender.report(draft, "promise", `the key's answer ${answer.status} is now ${again.status}`);
    judgeSame(sender, draft, [answer, again]);
    return;
  }
  const other = { ...draft, body: `${draft.body} ` };
  const { status } = await sender.send(other);
  if (status !== 422) sender.report(other, "promise", `the key with another body is ${status}, not 422`);
}

const identified = z.looseObject({ id: z.string() });

/** Requests with one key have one effect: whoever is told of success is told the same. */
function judgeSame(sender: Sender, draft: Draft, answers: readonly Seen[]): void {
  const told = answers
    .filter(({ status }) => status < 300)
    .map(({ status, headers, content }) =>
      JSON.stringify([status, headers.get("location"), identified.safeParse(content).data?.id]),
    );
  const different = [...new Set(told)];
  if (different.length > 1) sender.report(draft, "promise", `one key has several answers: ${different.join(" and ")}`);
}

const OWNED = /\/(?:orders|payments|deliveries)\/\{id\}|^GET \S+\/(?:payments|deliveries|notifications)$/;
const EMPTY = z.looseObject({ items: z.array(z.unknown()).max(0) });

/** Without a valid token nothing but 401; a stranger sees nothing of what is somebody else's. */
function judgeAccess(sender: Sender, draft: Draft, { status, content }: Seen): void {
  const { caller, operation } = draft;
  if (caller === "guest" || caller === "expired" || caller === "garbage") {
    if (status !== 401) sender.report(draft, "promise", `${status} without a valid token`);
  } else if (caller === "stranger" && OWNED.test(operation) && status < 300 && !EMPTY.safeParse(content).success)
    sender.report(draft, "promise", `${status} for what is another customer's`);
}
