/** What a module does with what arrives, in the form that a batch looks it up in. */
import type { CallHandler } from "./call.ts";
import type { Topic } from "./contract.ts";
import type { MessageHandler, TimerHandler } from "./decision.ts";
import type { Messaging } from "./messaging.ts";

export interface Handlers<State, Shared> {
  readonly messages: ReadonlyMap<string, MessageHandler<State, Shared>>;
  readonly timers: ReadonlyMap<string, TimerHandler<State, Shared>>;
  readonly calls: ReadonlyMap<string, CallHandler<State, Shared, never>>;
  /** By their names. */
  readonly subscribes: ReadonlyMap<string, Topic>;
  /** Names of the topics that decisions may send to. */
  readonly sends: ReadonlySet<string>;
}

export const handlerName = (topic: string, type: string) => `${topic} ${type}`;

export const handlersOf = <State, Shared, Ports>(
  messaging: Messaging<State, Shared, Ports>,
): Handlers<State, Shared> => ({
  messages: new Map(messaging.handlers.map((each) => [handlerName(each.topic, each.type), each])),
  timers: new Map(messaging.timers.map((each) => [each.kind, each])),
  calls: new Map(messaging.calls.map((each) => [each.kind, each])),
  subscribes: new Map(messaging.subscribes.map((topic) => [topic.name, topic])),
  sends: new Set(messaging.sends.map(({ name }) => name)),
});
