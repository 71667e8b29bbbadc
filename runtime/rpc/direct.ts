import type { Scheduler } from "../scheduler.ts";
import { type RpcClient, type RpcHandler, RpcUnavailable } from "./port.ts";

/**
 * Calls the modules of this process. A call that is not answered in time, or whose answer throws, rejects with
 * `RpcUnavailable`; nothing is retried here.
 */
export function createDirectRpc(handlers: readonly RpcHandler[], scheduler: Scheduler): RpcClient {
  const byName = new Map(handlers.map((handler) => [`${handler.module}.${handler.name}`, handler]));
  return {
    async call(method, request, { timeoutMs }) {
      const name = `${method.module}.${method.name}`;
      const handler = byName.get(name);
      if (!handler) throw new RpcUnavailable(`${name} is not served in this process`);
      let cancel: () => void = () => undefined;
      const late = new Promise<never>((_resolve, reject) => {
        cancel = scheduler.after(timeoutMs, () =>
          reject(new RpcUnavailable(`${name} gave no answer in ${timeoutMs} ms`)),
        );
      });
      try {
        const text = await Promise.race([handler.answer(JSON.stringify(method.request.parse(request))), late]);
        return method.response.parse(JSON.parse(text));
      } catch (error) {
        if (error instanceof RpcUnavailable) throw error;
        throw new RpcUnavailable(`${name} failed: ${String(error)}`, { cause: error });
      } finally {
        cancel();
      }
    },
  };
}
