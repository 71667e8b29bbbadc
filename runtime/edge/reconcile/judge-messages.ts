/**
 * Holds what producers have numbered against what consumers have handled, for one key. Pure. A number that has been
 * given out is handled, or stands in the producer's outbox, or is parked as a dead letter of the consumer. Where the
 * transport lets a message leave the outbox before it is handled, it may also be on its way: the topic then holds
 * something that the consumer has not settled.
 *
 * A letter may outlast its number for seconds: a message that comes again after its handler was mended is handled, and
 * its letter then goes away by itself. It says nothing of the order meanwhile.
 */
import type { CoreFacts } from "../../messages/facts-contract.ts";
import { MODULE_NAMES, type ModuleName, type Subscriptions } from "./order-view.ts";
import type { Invariant } from "./violation.ts";

type Say = (invariant: Invariant, detail: string) => void;
type Parts = readonly (readonly [ModuleName, CoreFacts])[];

interface Sent {
  readonly last: number;
  /** Numbers that still stand in the producer's outbox. */
  readonly open: ReadonlySet<number>;
}

const NOTHING_SENT: Sent = { last: 0, open: new Set() };

/**
 * Judges every topic of the key, and the letters of each module. `mayForget`: the key is older than marks are kept, so a
 * module that keeps no row of it may have handled what it knows nothing of.
 */
export function judgeDelivery(
  parts: Parts,
  subscriptions: Subscriptions,
  mayForget: boolean,
  say: Say,
): { readonly unhandled: boolean } {
  const byModule = new Map(parts);
  const sent = new Map(parts.flatMap(([producer, part]) => sentBy(producer, part, say)));
  let unhandled = false;
  for (const consumer of MODULE_NAMES) {
    const part = byModule.get(consumer);
    const { topics, travelling } = subscriptions[consumer];
    for (const topic of topics) {
      const number = { ...(sent.get(topic) ?? NOTHING_SENT), mayTravel: travelling.includes(topic), mayForget };
      if (!judgeMark(consumer, part, topic, number, say)) unhandled = true;
    }
    if (part) judgeLetters(consumer, part, say);
  }
  return { unhandled };
}

function sentBy(producer: ModuleName, { out, outbox }: CoreFacts, say: Say): (readonly [string, Sent])[] {
  for (const { topic, sequence } of outbox)
    if (sequence > (out[topic] ?? 0))
      say("agreement", `the outbox of ${producer} holds number ${sequence} of ${topic}, which was never given out`);
  const open = Map.groupBy(outbox, ({ topic }) => topic);
  return Object.entries(out).map(([topic, last]) => [
    topic,
    { last, open: new Set(open.get(topic)?.map(({ sequence }) => sequence)) },
  ]);
}

/** Whether all that was sent is handled. */
function judgeMark(
  consumer: ModuleName,
  part: CoreFacts | undefined,
  topic: string,
  { last, open, mayTravel, mayForget }: Sent & { readonly mayTravel: boolean; readonly mayForget: boolean },
  say: Say,
): boolean {
  const mark = part?.in[topic] ?? 0;
  if (mark > last) say("sequence", `${consumer} has handled number ${mark} of ${topic}, of which ${last} were sent`);
  const parked = new Set(part?.letters.flatMap(({ source, sequence }) => (source === topic ? [sequence] : [])));
  for (const number of parked)
    if (last > 0 && number > last)
      say("agreement", `${consumer} has parked number ${number} of ${topic}, of which ${last} were sent`);
  const isForgotten = mayForget && mark === 0 && (part?.version ?? 0) === 0 && open.size + parked.size === 0;
  if (isForgotten) return true;
  for (let number = mark + 1; number <= last; number++)
    if (!open.has(number) && !parked.has(number) && !mayTravel)
      say("sequence", `number ${number} of ${topic} waits nowhere: ${consumer} has handled ${mark} of ${last}`);
  return mark >= last;
}

function judgeLetters(consumer: ModuleName, { letters, in: marks }: CoreFacts, say: Say) {
  const parked = new Set(letters.map(({ source, sequence }) => `${source} ${sequence}`));
  for (const { source, sequence, reason } of letters) {
    // A release that was cut short leaves the letters behind what it has handled.
    const forerunnerIsMissing = sequence - 1 > (marks[source] ?? 0) && !parked.has(`${source} ${sequence - 1}`);
    if (reason === "behind" && forerunnerIsMissing)
      say("agreement", `${consumer} has parked number ${sequence} of ${source} behind one that is not parked`);
  }
}

/** Letters that an operator must release, or the order goes no further. Timers and calls have the number 0. */
export const waitingLetters = ({ letters, in: marks }: CoreFacts) =>
  letters.filter(({ source, sequence }) => sequence === 0 || sequence > (marks[source] ?? 0));
