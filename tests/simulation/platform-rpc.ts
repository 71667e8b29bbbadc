/**
 * Questions between processes that run some of the modules each: to any living one that serves the method, there and
 * back as operations of the loop. Who asks hears nothing of one that dies or sleeps, and gives up in time.
 */
import type { Random } from "../../runtime/random.ts";
import { createDirectRpc } from "../../runtime/rpc/direct.ts";
import { methodName, type RpcClient, type RpcHandler, RpcUnavailable } from "../../runtime/rpc/port.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
import { createRequests } from "./requests.ts";
import { chance, oneOf } from "./seed.ts";

export interface Switchboard {
  /** From here on others may ask; until the returned function is called, or the process dies. */
  serve(actor: Actor, handlers: readonly RpcHandler[]): () => void;
  /** Asks the processes that serve. */
  clientOf(actor: Actor, scheduler: Scheduler, random: Random): RpcClient;
  /** How many questions this life has asked that nobody has answered yet. */
  openOf(actor: Actor): number;
}

/** Of those who die while they are asked: their machine goes with them, and no connection is closed. */
const DIES_UNHEARD = 0.5;

interface Serving {
  readonly actor: Actor;
  readonly api: ReadonlyMap<string, RpcHandler>;
}

export function createSwitchboard(loop: Loop, faults: Faults): Switchboard {
  const serving = new Set<Serving>();
  const open = new Map<Actor, number>();
  const openOf = (actor: Actor) => open.get(actor) ?? 0;
  return {
    serve(actor, handlers) {
      const entry = { actor, api: new Map(handlers.map((handler) => [methodName(handler), handler])) };
      serving.add(entry);
      const end = () => void serving.delete(entry);
      actor.onDeath.push(end);
      return end;
    },
    clientOf: (actor, scheduler, random) => ({
      async call(method, request, options) {
        const name = methodName(method);
        const able = [...serving].filter(({ api }) => api.has(name));
        if (able.length === 0) throw new RpcUnavailable(`nobody serves ${name}`);
        const chosen = oneOf(random, able);
        faults.count("askedElsewhere");
        const diesUnheard = () => {
          const isUnheard = chance(random, DIES_UNHEARD);
          if (isUnheard) faults.count("diedUnheard");
          return isUnheard;
        };
        const ask = createRequests<Serving["api"]>(loop, { at: () => chosen }, actor, diesUnheard);
        const { module } = method;
        const answer = (text: string) =>
          ask(`rpc ${name} to ${chosen.actor.name}`, 0, async (api) => {
            const handler = api.get(name);
            if (handler === undefined) throw new Error(`${name} is not served`);
            return handler.answer(text);
          });
        const remote = createDirectRpc([{ module, name: method.name, answer }], scheduler);
        open.set(actor, openOf(actor) + 1);
        return remote.call(method, request, options).finally(() => open.set(actor, openOf(actor) - 1));
      },
    }),
    openOf,
  };
}
