/** Why an order has not ended: everything in the tables that still has to do with it, and who should act. */
import { shardOf } from "../../runtime/messages/shard.ts";
import { type Contents, letterInWords } from "./platform-contents.ts";
import { hasEnded } from "./platform-invariants.ts";
import type { Leases } from "./platform-leases.ts";

const MODULES = ["order", "payment", "inventory", "pricing", "delivery", "notification"] as const;

const instant = (ms: number) => new Date(ms).toISOString();

/** The orders that have not ended, or that have work left in some table. */
export function unended({ orders, outbox, intents, timers, deadLetters }: Contents): string[] {
  const work = [...outbox, ...intents, ...timers.map(({ name }) => name), ...deadLetters.map(letterInWords)];
  return orders.flatMap((order) =>
    !hasEnded(order) || work.some((text) => text.includes(order.id)) ? [order.id] : [],
  );
}

/** What is left of each order that has work open, one sentence an order. */
export function holdups(contents: Contents, ids: readonly string[], leases: Leases): string[] {
  return ids.map(
    (id) => `order ${id} waits: ${reasonsOf(contents, id, leases).join("; ") || "for nothing that is in a table"}`,
  );
}

function reasonsOf(contents: Contents, id: string, leases: Leases): string[] {
  const of = (text: string) => text.includes(id);
  const marks = new Map(
    contents.consumers.flatMap(({ topic, key, sequence }) => (key === id ? [[topic, sequence]] : [])),
  );
  const behind = contents.producers.flatMap(({ topic, key, sequence }) => {
    const mark = marks.get(topic) ?? 0;
    return key === id && mark < sequence ? [`${topic} is handled up to ${mark} of ${sequence}`] : [];
  });
  const payment = contents.payments.find(({ key }) => key === id);
  const order = contents.orders.find((each) => each.id === id);
  const shard = shardOf(id);
  const holders = MODULES.map((module) => {
    const holder = leases.holderOf(module, shard);
    return `${module}: ${holder === undefined ? "nobody" : `${holder.name}${holder.alive ? "" : " (dead)"}`}`;
  });
  return [
    ...(order === undefined ? [] : [`it is ${order.status}`]),
    ...(payment === undefined ? [] : [`its payment is ${payment.status}, at work: ${payment.work}`]),
    ...contents.outbox.filter(of).map((name) => `in an outbox: ${name}`),
    ...contents.intents.filter(of).map((name) => `call under way: ${name}`),
    ...contents.timers.filter(({ name }) => of(name)).map(({ name, dueMs }) => `timer ${name}, due ${instant(dueMs)}`),
    ...contents.deadLetters.filter(({ key }) => key === id).map((letter) => `dead letter ${letterInWords(letter)}`),
    ...behind,
    `shard ${shard} is held by ${holders.join(", ")}`,
  ];
}
