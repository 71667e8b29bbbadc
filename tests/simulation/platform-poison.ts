/**
 * Bugs that the seed plants in some handlers and mends later: a handler of a module (of a message, a timer, or the
 * outcome of a call) throws for the orders that the seed picks, always or only in some states of the aggregate, until
 * the replica is mended. Replicas get the bug and lose it one after the other, as by rolling updates, and some never
 * have it; some bugs are never mended. Now and then a replica freezes when a handler has thrown, or when it has read
 * which letters there are, so that others have gone on before it parks.
 */
import type { Statement } from "../../runtime/database/port.ts";
import type { Decision, DecisionContext } from "../../runtime/messages/decision.ts";
import type { Messaging } from "../../runtime/messages/messaging.ts";
import type { ChangeMessaging, Module } from "../../runtime/module.ts";
import type { Random } from "../../runtime/random.ts";
import type { Outcome } from "./backends.ts";
import type { Actor } from "./loop.ts";
import type { Letter } from "./platform-contents.ts";
import type { PlatformNode } from "./platform-node.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { NodeContext, World } from "./workload.ts";

export interface Poison {
  /** The module as this replica runs it. */
  changed(module: Module, context: NodeContext): Module;
  onAnswered(owner: Actor, statement: Statement, outcome: Outcome): void;
  /** Whether a message of this order may be parked. */
  mayPark(key: string): boolean;
  /** Whether the handler of the letter throws for good. */
  isNeverMended(letter: Pick<Letter, "module" | "key" | "source" | "type">): boolean;
  /** From here on no handler throws but those that never are mended. */
  readonly mendedMs: number;
}

interface Bug {
  readonly module: string;
  /** A message's type, `timer:KIND` or `call:KIND`. */
  readonly handler: string;
  readonly percentOfOrders: number;
  /** Only in states whose hash is even, so that the next change of the aggregate may end it. */
  readonly isMoody: boolean;
  /** It does not throw: what it decides is refused by the database, and its whole batch with it. */
  readonly isUnstorable: boolean;
  readonly isMended: boolean;
  /** When each replica is. */
  readonly mendedMs: readonly number[];
  readonly salt: string;
}

/** No text of PostgreSQL's can hold it. */
const NO_TEXT = "\u0000";

const POISONED_IN = 0.4;
const HANDLERS = [
  { module: "delivery", handler: "ScheduleShipment" },
  { module: "delivery", handler: "ScheduleShipment" },
  { module: "inventory", handler: "ReserveStock" },
  { module: "inventory", handler: "ReserveStock" },
  { module: "inventory", handler: "ConfirmStock" },
  { module: "inventory", handler: "ReleaseStock" },
  { module: "payment", handler: "AuthorisePayment" },
  { module: "payment", handler: "AuthorisePayment" },
  { module: "payment", handler: "VoidPayment" },
  { module: "payment", handler: "VoidPayment" },
  { module: "payment", handler: "call:authorise" },
  { module: "payment", handler: "call:inquire" },
  { module: "payment", handler: "call:void" },
  { module: "payment", handler: "timer:again" },
  { module: "order", handler: "StockReserved" },
  { module: "order", handler: "StockReleased" },
  { module: "order", handler: "PaymentAuthorised" },
  { module: "order", handler: "PaymentVoided" },
  { module: "order", handler: "ShipmentScheduled" },
  { module: "order", handler: "timer:placement-deadline" },
  { module: "notification", handler: "OrderConfirmed" },
  { module: "notification", handler: "OrderRefused" },
  { module: "notification", handler: "call:send_email" },
  { module: "notification", handler: "timer:email.order_confirmed" },
] as const;

/** As many as the fleet has at most. */
const REPLICAS = 3;
const MOST_FREEZES = 4;
/** A batch that takes nothing on trust looks for letters of its keys (load-batch.ts). */
const RELEASES = /^select key, source, sequence, discarded_at is not null/;
const READS_LETTERS = /^select key, source, max\(sequence\)/;

function drawBug(random: Random, unstorable: Random, startMs: number, index: number): Bug {
  const mendedMs = startMs + between(random, 1000, 25_000);
  const spreadMs = oneOf(random, [0, 3000, 10_000]);
  return {
    ...oneOf(random, HANDLERS),
    percentOfOrders: oneOf(random, [25, 70, 100]),
    isMoody: chance(random, 0.3),
    isUnstorable: chance(unstorable, 0.3),
    isMended: chance(random, 0.8),
    mendedMs: Array.from({ length: REPLICAS }, () => {
      const isSpared = chance(random, 0.3);
      const lateMs = between(random, 0, spreadMs);
      return isSpared ? 0 : mendedMs + lateMs;
    }),
    salt: `bug ${index}`,
  };
}

/** A handler that is about to decide. */
interface Tolled {
  readonly module: string;
  readonly handler: string;
  readonly key: string;
  readonly state: unknown;
  readonly context: NodeContext;
}

const hashOf = (text: string) => Bun.hash.wyhash(text);

/** The bugs of one seed; null: it has none. */
export function drawPoison({ seed, loop, faults, trace, random }: World<PlatformNode>, leaseMs: number): Poison | null {
  const draws = random("poison");
  const unstorable = random("unstorable");
  const isPoisoned = chance(draws, POISONED_IN);
  if (!isPoisoned || faults.profile.calm) return null;
  const bugs = Array.from({ length: between(draws, 2, 4) }, (_, index) =>
    drawBug(draws, unstorable, loop.now(), index),
  );
  const freezes = oneOf(draws, [0, 0.5, 1]);
  const thrown = new Set<string>();
  let frozen = 0;
  let atLetters: Actor | null = null;
  for (const bug of bugs) trace.line(JSON.stringify(bug));
  trace.tell(() => ({ about: [], text: `handlers with a bug: ${bugs.map(inWords).join("; ")}` }));

  const isMeant = (bug: Bug, key: string) => hashOf(`${seed} ${bug.salt} ${key}`) % 100n < BigInt(bug.percentOfOrders);

  function freeze(actor: Actor) {
    if (!faults.active || !actor.mortal || !actor.alive || frozen === MOST_FREEZES || !chance(draws, freezes)) return;
    frozen += 1;
    faults.count("frozeBeforeParking");
    loop.freeze(actor, leaseMs + between(draws, 0, 2 * leaseMs));
  }

  /** Throws where a bug of the seed is, or spoils what was decided. */
  function toll<State, Shared>(
    { module, handler, key, state, context: { index, actor } }: Tolled,
    decide: () => Decision<State, Shared>,
  ): Decision<State, Shared> {
    const bug = bugs.find(
      (each) =>
        each.module === module &&
        each.handler === handler &&
        isMeant(each, key) &&
        (!each.isMended || loop.now() < (each.mendedMs[index] ?? 0)) &&
        (!each.isMoody || hashOf(`${JSON.stringify(state)}`) % 2n === 0n),
    );
    if (bug === undefined) return decide();
    faults.count(bug.isUnstorable ? "decidedUnstorable" : "handlerThrew");
    // The first time it is only looked at again; what throws the second time is about to be parked.
    const name = `${actor.name} ${handler} ${key}`;
    if (thrown.has(name)) freeze(actor);
    thrown.add(name);
    if (bug.isUnstorable) return { ...decide(), setTimers: [{ kind: NO_TEXT, dueMs: 0 }] };
    throw new Error(`${handler} has a bug`);
  }

  const change =
    (context: NodeContext): ChangeMessaging =>
    <State, Shared, Ports>(definition: Messaging<State, Shared, Ports>): Messaging<State, Shared, Ports> => {
      const guarded = (
        handler: string,
        state: State | undefined,
        { key }: DecisionContext<Shared>,
        decide: () => Decision<State, Shared>,
      ) => toll({ module: definition.module, handler, key, state, context }, decide);
      return {
        ...definition,
        handlers: definition.handlers.map((handler) => ({
          ...handler,
          prepare(data) {
            const prepared = handler.prepare(data);
            return {
              ...prepared,
              decide: (state, decision) =>
                guarded(handler.type, state, decision, () => prepared.decide(state, decision)),
            };
          },
        })),
        timers: definition.timers.map((handler) => ({
          ...handler,
          decide: (state, decision) =>
            guarded(`timer:${handler.kind}`, state, decision, () => handler.decide(state, decision)),
        })),
        calls: definition.calls.map((handler) => ({
          ...handler,
          decide: (state, request, outcome, decision) =>
            guarded(`call:${handler.kind}`, state, decision, () => handler.decide(state, request, outcome, decision)),
        })),
      };
    };

  return {
    changed: (module, context) => ({
      ...module,
      prepare: (environment) => module.prepare(environment, change(context)),
    }),
    onAnswered(owner, { text }, outcome) {
      if (RELEASES.test(text)) atLetters = null;
      if (outcome.status !== "fulfilled" || outcome.value.rows.length === 0 || !READS_LETTERS.test(text)) return;
      atLetters = owner;
      // After the other answers of the same round trip: they tell whether it is a release.
      queueMicrotask(() => {
        if (atLetters === owner) freeze(owner);
        atLetters = null;
      });
    },
    mayPark: (key) => bugs.some((bug) => isMeant(bug, key)),
    isNeverMended: ({ module, key, source, type }) =>
      bugs.some(
        (bug) =>
          !bug.isMended &&
          bug.module === module &&
          isMeant(bug, key) &&
          (bug.handler === type || source === bug.handler || source.startsWith(`${bug.handler}:`)),
      ),
    mendedMs: Math.max(...bugs.flatMap((bug) => (bug.isMended ? bug.mendedMs : []))),
  };
}

function inWords({ module, handler, percentOfOrders, isMoody, isMended }: Bug): string {
  const states = isMoody ? " in some states" : "";
  return `${handler} of ${module}, for ${percentOfOrders} % of the orders${states}${isMended ? "" : ", never mended"}`;
}
