import { DatabaseError } from "../database/port.ts";
import { within } from "../deadline.ts";
import { messageOf } from "../error-text.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Breakers } from "./circuit-breaker.ts";
import { methodName, type RpcClient, type RpcHandler, RpcUnavailable } from "./port.ts";

/**
 * Calls the modules of this process. A call that is not answered in time, or whose answer throws, rejects with
 * `RpcUnavailable`; nothing is retried here. With `breakers`, a module whose database is away or that is late again and
 * again is refused at once.
 */
export function createDirectRpc(handlers: readonly RpcHandler[], scheduler: Scheduler, breakers?: Breakers): RpcClient {
  const byName = new Map(handlers.map((handler) => [methodName(handler), handler]));
  return {
    async call(method, request, { timeoutMs }) {
      const name = methodName(method);
      const handler = byName.get(name);
      if (!handler) throw new RpcUnavailable(`${name} is not served in this process`);
      const admission = breakers?.(method.module).admit();
      const late = () => new RpcUnavailable(`${name} gave no answer in ${timeoutMs} ms`);
      try {
        const asked = handler.answer(JSON.stringify(method.request.parse(request)));
        const text = await within(scheduler, timeoutMs, asked, late);
        const answer = method.response.parse(JSON.parse(text));
        admission?.answered();
        return answer;
      } catch (error) {
        if (isAway(error)) admission?.unanswered(messageOf(error));
        else admission?.answered();
        if (error instanceof RpcUnavailable) throw error;
        throw new RpcUnavailable(`${name} failed: ${String(error)}`, { cause: error });
      }
    },
  };
}

/** The callee could not answer; anything else is its bug, or its caller's, and says nothing of the next call. */
export const isAway = (error: unknown) =>
  error instanceof RpcUnavailable || (error instanceof DatabaseError && error.kind === "unavailable");
