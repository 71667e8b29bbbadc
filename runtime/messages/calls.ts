/**
 * Makes a module's calls to the outside world, never inside a transaction. The intent is committed first; the holder of
 * its shard makes the call; the outcome goes to the lane like a message and takes the intent's row with it.
 *
 * A call that a crash interrupted is not repeated blindly: its outcome is reported as unknown, and the module asks the
 * other side (`afterCrash: "ask"`); only calls that may be repeated without harm are (`"repeat"`). So each row says
 * whether its call may have been begun: whoever commits an intent and holds its shard begins at once, and says so in the
 * same commit; where another replica holds the shard, that one takes the row in a statement of its own before it begins.
 * Intents of a kind that a newer version has made are left to a holder that knows it (unknown-kinds.ts).
 */
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database } from "../database/port.ts";
import { messageOf } from "../error-text.ts";
import type { Log } from "../log.ts";
import { withoutPersonal } from "../personal-data.ts";
import type { Scheduler } from "../scheduler.ts";
import { withinSpan } from "../telemetry/active-span.ts";
import { aboutTrace } from "../telemetry/logs/about-trace.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { AggregateStore } from "./aggregate.ts";
import { type CallHandler, type CallOutcome, NothingHappened } from "./call.ts";
import type { IntentRow, OutcomeItem } from "./item.ts";
import { aboutKey } from "./log-about.ts";
import type { HeldShards } from "./shards.ts";
import { callSpan } from "./trace-call.ts";

export interface CallsDeps<State, Shared, Ports> {
  readonly module: string;
  readonly aggregate: Pick<AggregateStore<never>, "identifies">;
  readonly database: Database;
  readonly shards: HeldShards;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly handlers: readonly CallHandler<State, Shared, Ports>[];
  readonly ports: Ports;
  readonly push: (item: OutcomeItem) => void;
  /** Calls under way at once; the others wait. */
  readonly concurrency: number;
}

/** Intents in hand at most; the others stay in the table until a sweep has room for them. */
const IN_HAND_LIMIT = 5_000;
const PAGE = 500;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

export interface Calls {
  /** Intents that are about to be committed: a sweep that meets them in the table leaves them to `offer`. */
  expect(intents: readonly IntentRow[]): void;
  /** They were not committed, or nobody knows: the next sweep asks about those that were. */
  withdraw(intents: readonly IntentRow[]): void;
  /** Intents that this process has just committed. */
  offer(intents: readonly IntentRow[]): void;
  /** Takes up intents of held shards that are not in hand. */
  sweep(): Promise<void>;
  stop(): void;
}

export function createCalls<State, Shared, Ports>(deps: CallsDeps<State, Shared, Ports>): Calls {
  const { scheduler, shards } = deps;
  const handlers = new Map(deps.handlers.map((handler) => [handler.kind, handler]));
  const known = arrayLiteral([...handlers.keys()]);
  const inHand = new Set<string>();
  const expected = new Set<string>();
  const waiting: IntentRow[] = [];
  const ended = new AbortController();
  let underWay = 0;

  function report(intent: IntentRow, outcome: CallOutcome<string>) {
    if (ended.signal.aborted) return;
    deps.push({ kind: "outcome", key: intent.key, intent, outcome, settle: () => inHand.delete(intent.id) });
  }

  function begin(intent: IntentRow) {
    if (underWay >= deps.concurrency) {
      waiting.push(intent);
      return;
    }
    underWay++;
    make(intent).then((outcome) => {
      underWay--;
      report(intent, outcome);
      beginNext();
    });
  }

  /** Whoever lost a shard while a call waited must not make it: another replica asks about it already. */
  function beginNext() {
    while (underWay < deps.concurrency && !ended.signal.aborted) {
      const next = waiting.shift();
      if (!next) return;
      if (shards.holds(next.shard)) begin(next);
      else inHand.delete(next.id);
    }
  }

  async function make(intent: IntentRow): Promise<CallOutcome<string>> {
    const handler = handlers.get(intent.kind);
    if (!handler) return { kind: "unavailable", detail: `this version makes no call ${intent.kind}` };
    const abort = new AbortController();
    const { timeoutMs } = handler;
    const timedOut = new Promise<CallOutcome<string>>((resolve) => {
      const cancel = scheduler.after(timeoutMs, () => {
        abort.abort();
        resolve({ kind: "unknown", detail: `no answer in ${timeoutMs} ms` });
      });
      abort.signal.addEventListener("abort", cancel, { once: true });
    });
    const span = callSpan(deps.tracer, deps.module, intent, handler);
    const execute = () => handler.execute(deps.ports, intent.request, abort.signal);
    const answered = (span === undefined ? execute() : withinSpan(span, execute)).then(
      (answer): CallOutcome<string> => ({ kind: "answered", answer }),
      (error): CallOutcome<string> => {
        deps.log("warn", "call.failed", {
          module: deps.module,
          ...aboutKey(deps.aggregate, intent.key),
          call: intent.kind,
          ...aboutTrace(intent.traceparent),
          error: withoutPersonal(String(error), [intent.request]),
        });
        const detail = withoutPersonal(messageOf(error), [intent.request]);
        return { kind: error instanceof NothingHappened ? "unavailable" : "unknown", detail };
      },
    );
    const outcome = await Promise.race([answered, timedOut]);
    abort.abort();
    if (outcome.kind !== "answered") span?.fail(outcome.kind);
    span?.end();
    return outcome;
  }

  const mayRepeat = ({ kind }: IntentRow) => handlers.get(kind)?.afterCrash === "repeat";

  function resume(intent: IntentRow) {
    if (mayRepeat(intent)) begin(intent);
    else report(intent, { kind: "unknown", detail: "it was broken off here", isInterrupted: true });
  }

  /** Begins those that nobody else takes first. Where the answer is lost, the next sweep finds them begun, and asks. */
  async function takeAndBegin(intents: readonly IntentRow[]) {
    if (intents.length === 0) return;
    for (const { id } of intents) inHand.add(id);
    let taken = new Set<string>();
    try {
      const rows = await deps.database.query({
        text: `update call_intent set begun = true
          where shard = any($1::smallint[]) and id = any($2::uuid[]) and not begun returning id`,
        params: [
          arrayLiteral([...new Set(intents.map(({ shard }) => shard))]),
          arrayLiteral(intents.map(({ id }) => id)),
        ],
      });
      taken = new Set(rows.map(({ id }) => String(id)));
    } finally {
      for (const intent of intents)
        if (taken.has(intent.id)) begin(intent);
        else inHand.delete(intent.id);
    }
  }

  return {
    expect(intents) {
      for (const { id } of intents) expected.add(id);
    },
    withdraw(intents) {
      for (const { id } of intents) expected.delete(id);
    },
    offer(intents) {
      for (const intent of intents) {
        expected.delete(intent.id);
        // What does not say that it is begun must not be: the shard came here only after the commit was decided.
        if (!intent.begun) continue;
        if (!shards.holds(intent.shard) || inHand.has(intent.id) || inHand.size >= IN_HAND_LIMIT) continue;
        inHand.add(intent.id);
        begin(intent);
      }
    },
    async sweep() {
      const held = shards.held();
      let after: readonly [number, string] = [-1, FIRST_ID];
      while (held.length > 0 && inHand.size < IN_HAND_LIMIT) {
        const rows = await deps.database.query({
          text: `select shard, id, key, kind, request, begun, traceparent from call_intent
            where shard = any($1::smallint[]) and (shard, id) > ($2::smallint, $3::uuid) and kind = any($4::text[])
            order by shard, id limit ${PAGE}`,
          params: [arrayLiteral(held), ...after, known],
        });
        const untouched: IntentRow[] = [];
        for (const row of rows) {
          const intent: IntentRow = {
            shard: Number(row.shard),
            id: String(row.id),
            key: String(row.key),
            kind: String(row.kind),
            request: String(row.request),
            begun: row.begun !== false,
            ...(row.traceparent === null ? {} : { traceparent: String(row.traceparent) }),
          };
          after = [intent.shard, intent.id];
          if (inHand.has(intent.id) || expected.has(intent.id) || !shards.holds(intent.shard)) continue;
          if (!intent.begun && !mayRepeat(intent)) {
            untouched.push(intent);
            continue;
          }
          inHand.add(intent.id);
          resume(intent);
        }
        await takeAndBegin(untouched);
        if (rows.length < PAGE) return;
      }
    },
    stop: () => ended.abort(),
  };
}
