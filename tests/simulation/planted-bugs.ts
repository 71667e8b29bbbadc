/** The planted bugs that the simulation must catch: each breaks one promise of the platform in one place. */
import type { Mutant } from "./mutants.ts";

export const MUTANTS: readonly Mutant[] = [
  // A message that came before is handled again.
  {
    name: "no-inbox-mark",
    file: "runtime/messages/decide-batch.ts",
    find: "if (envelope.sequence <= mark) {",
    replace: "if (envelope.sequence <= 0) {",
  },
  // A message that came too early is handled.
  {
    name: "no-gap-check",
    file: "runtime/messages/decide-batch.ts",
    find: "if (envelope.sequence > mark + 1) {",
    replace: "if (envelope.sequence > mark + 1_000_000) {",
  },
  // The outbox row goes before the transport has taken it.
  {
    name: "delete-before-publish",
    file: "runtime/messages/relay.ts",
    find: "function publish(row: OutboxRow, id: string) {",
    replace: "function publish(row: OutboxRow, id: string) {\n    deps.acknowledge(row, () => undefined);",
  },
  // Stock is read, changed and written without a lock.
  {
    name: "lost-update",
    file: "modules/inventory/store.ts",
    find: "order by sku, warehouse for update`",
    replace: "order by sku, warehouse`",
  },
  // An unknown outcome is charged again under a new key.
  {
    name: "charge-again",
    file: "modules/payment/authorising.ts",
    find: 'return startWork(payment, "inquire", now);',
    replace: 'return startWork({ ...payment, attempt: payment.attempt + 1 }, "authorise", now);',
  },
  // An aggregate is overwritten whatever its version.
  {
    name: "no-version-guard",
    file: "runtime/messages/aggregate.ts",
    find: " and t.version = x.version - 1 returning 1`",
    replace: " returning 1`",
  },
  // Two requests with one key both have their effect.
  {
    name: "no-idempotency-guard",
    file: "runtime/messages/save-batch.ts",
    find: "    keys.map(({ row }) => row),\n    true,",
    replace: "    keys.map(({ row }) => row),\n    false,",
  },
  // A message counts as delivered when it is queued.
  {
    name: "settle-before-commit",
    file: "runtime/messages/start-messaging.ts",
    find: "          let hasWaited = false;",
    replace: "          let hasWaited = false;\n          resolve();",
  },
  // A refused order keeps its stock.
  {
    name: "no-release",
    file: "modules/order/saga.ts",
    find: "undo: [releaseStock],",
    replace: "undo: [],",
  },
  // An expired order keeps its charge.
  {
    name: "no-void",
    file: "modules/order/saga.ts",
    find: "undo: [voidPayment],",
    replace: "undo: [],",
  },
  // What is still under way at the deadline is not undone.
  {
    name: "expire-undoes-too-little",
    file: "modules/order/advance.ts",
    find: "saga.slice(0, current + 1)",
    replace: "saga.slice(0, current)",
  },
  // A sold order still expires.
  {
    name: "deadline-stays",
    file: "modules/order/advance.ts",
    find: "...(succeeds.pivot ? { cancelTimers: [PLACEMENT_DEADLINE] } : {}),",
    replace: "",
  },
  // A payment is given up while its authorisation may still arrive.
  {
    name: "give-up-without-void",
    file: "modules/payment/authorising.ts",
    find: 'if (payment.voidFor !== null || payment.tries >= MAX_TRIES) return giveUp(payment, "payment_timeout", now);',
    replace:
      'if (payment.voidFor !== null || payment.tries >= MAX_TRIES)\n    return voided({ ...payment, voidFor: payment.voidFor ?? "payment_timeout" }, now);',
  },
  // An order that ended during its authorisation is charged.
  {
    name: "deaf-to-void",
    file: "modules/payment/authorising.ts",
    find: 'if (payment.voidFor !== null) return startWork(payment, "void", now);\n      return authorised(',
    replace: "return authorised(",
  },
  // A second try has a key of its own.
  {
    name: "key-grows-with-tries",
    file: "modules/payment/payment.ts",
    find: "`${payment.orderId}:auth:${payment.attempt}`",
    replace: "`${payment.orderId}:auth:${(payment as Payment).tries}`",
  },
  // A released reservation gives nothing back.
  {
    name: "no-stock-back",
    file: "modules/inventory/reservation.ts",
    find: '...move(reservation.orderId, reservation.allocations, "RELEASE", -1, context),',
    replace: "",
  },
  // A message that the transport refused is forgotten.
  {
    name: "no-publish-again",
    file: "runtime/messages/relay.ts",
    find: "if (shards.holds(row.shard)) publish(row, id);",
    replace: "if (shards.holds(row.shard)) return;",
  },
  // What a dead replica left in the outbox stays there.
  {
    name: "no-outbox-sweep",
    file: "runtime/messages/relay.ts",
    find: "await sweepPages(held);",
    replace: "",
  },
  // A shard whose give-back failed belongs to nobody.
  {
    name: "stray-shards",
    file: "runtime/messages/shards.ts",
    find: ", ...strays.slice(room).map(({ shard }) => shard)",
    replace: "",
  },
  // A decision that threw is parked though its row has changed since.
  {
    name: "park-unguarded",
    file: "runtime/messages/batch.ts",
    find: "if (working?.state !== undefined) working.dirty = true;",
    replace: "",
  },
  // A timer fires that its own batch has cancelled.
  {
    name: "timer-outlives-cancel",
    file: "runtime/messages/decide-batch.ts",
    find: "if (plan.timersCancelled.has(name) || plan.timersSet.has(name)) return;",
    replace: "",
  },
  // After a lost answer the batch is decided as if it had not been done.
  {
    name: "trust-after-unknown",
    file: "runtime/messages/commit-batch.ts",
    find: "    verifying = true;\n",
    replace: "    verifying = verify;\n",
  },
  // An authorisation that arrives after its void charges.
  {
    name: "no-tombstone",
    file: "modules/payment/adapters/simulator.ts",
    find: "set status = case when charge.captured > 0 then charge.status else 'voided' end",
    replace: "set status = charge.status",
  },
  // A lane that stops leaves its commands without an answer.
  {
    name: "silent-stop",
    file: "runtime/messages/lane.ts",
    find: 'if (item.kind === "command") item.fail(new CommandUnavailable("none", "shutting down"));',
    replace: "item.key;",
  },
  // Whoever has waited too long for a lock is parked.
  {
    name: "lock-timeout-parks",
    file: "runtime/database/port.ts",
    find: "/^(08|40|53|57|58|25P03|55P03)/",
    replace: "/^(08|40|53|57|58|25P03)/",
  },
  // A replica that beats no more keeps its shards.
  {
    name: "the-dead-hold-on",
    file: "runtime/messages/shards.ts",
    find: "if (now - (seen.get(id)?.sinceMs ?? now) < leaseMs) live.add(id);",
    replace: "live.add(id);",
  },
  // A message is parked behind one that has been released meanwhile.
  {
    name: "parked-behind-nothing",
    file: "runtime/messages/save-batch.ts",
    find: "add(12, CORE.lettersAhead, plan.lettersAhead, true);",
    replace: "add(12, CORE.lettersAhead, plan.lettersAhead, false);",
  },
  // A message of a key without a row is parked though another replica has handled it meanwhile.
  {
    name: "park-beside-a-row",
    file: "runtime/messages/save-batch.ts",
    find: "      expected: 0,\n    });\n  add(12",
    replace: "      expected: undefined,\n    });\n  add(12",
  },
  // A letter whose handler throws again is gone.
  {
    name: "letter-lost",
    file: "runtime/messages/decide-batch.ts",
    find: 'plan.deadLetters.push(deadLetterOf(envelope, "threw", error));',
    replace:
      'if (letter) plan.lettersCovered.push(name);\n    else plan.deadLetters.push(deadLetterOf(envelope, "threw", error));',
  },
  // What is parked behind a letter that throws again is handled all the same.
  {
    name: "letters-out-of-order",
    file: "runtime/messages/decide-batch.ts",
    find: "if (envelope.sequence > mark + 1) {",
    replace: "if (envelope.sequence > mark + 1 && !letter) {",
  },
  // A message that is discarded is handled.
  {
    name: "discard-handles",
    file: "runtime/messages/decide-batch.ts",
    find: 'if (handler && !discarded && letter?.kind !== "discard") {',
    replace: "if (handler) {",
  },
  // A timer or call that is put back stays parked as well.
  {
    name: "put-back-keeps-the-letter",
    file: "runtime/messages/put-back.ts",
    find: "with gone as (delete from dead_letter where key = $2 and source = $3 and sequence = 0 returning 1)",
    replace: "with gone as (select 1 from dead_letter where key = $2 and source = $3 and sequence = 0)",
  },
  // What is committed at the brokers goes past a record that is still in hand.
  {
    name: "commit-past-unsettled",
    file: "runtime/transport/kafka/unsettled-offsets.ts",
    find: "const watermark = first ?? next;",
    replace: "const watermark = next;",
  },
  // A message counts as sent when it is queued.
  {
    name: "confirm-before-send",
    file: "runtime/transport/kafka/publisher.ts",
    find: "queue.waiting.push({ record, bytes, resolve, reject });",
    replace: "queue.waiting.push({ record, bytes, resolve, reject });\n        resolve();",
  },
  // A send that failed counts as one that did not.
  {
    name: "confirm-failed-send",
    file: "runtime/transport/kafka/publisher.ts",
    find: "return failed(batch, error);",
    replace: "await failed(batch, error);",
  },
  // A producer that has met an error goes on.
  {
    name: "producer-out-of-step",
    file: "runtime/transport/kafka/publisher.ts",
    find: "await drop();\n    const [first",
    replace: "const [first",
  },
];
