/**
 * Spans of questions between modules: a CLIENT where one is asked and a SERVER where it is answered, its child, whether
 * both are in one process or the trace travels in a header.
 */

import { activeSpan, withinSpan } from "../telemetry/active-span.ts";
import type { Span } from "../telemetry/span.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import { methodName, type RpcClient, type RpcHandler } from "./port.ts";

/** `module`: who asks. */
export function traceRpcClient(rpc: RpcClient, tracer: Tracer, module: string): RpcClient {
  return {
    call(method, request, options) {
      const active = activeSpan();
      if (active === undefined) return rpc.call(method, request, options);
      const name = methodName(method);
      const attributes = { "peer.service": method.module, "rpc.system": "genai-demo", "rpc.method": name };
      const span = tracer.child(active.parent, { name: `ask ${name}`, kind: "client", module, attributes });
      return inside(span, () => rpc.call(method, request, options));
    },
  };
}

export function traceRpcHandler(handler: RpcHandler, tracer: Tracer): RpcHandler {
  const name = methodName(handler);
  const attributes = { "rpc.system": "genai-demo", "rpc.method": name };
  return {
    ...handler,
    answer(text) {
      const active = activeSpan();
      if (active === undefined) return handler.answer(text);
      const { module } = handler;
      const span = tracer.child(active.parent, { name: `answer ${name}`, kind: "server", module, attributes });
      return inside(span, () => handler.answer(text));
    },
  };
}

async function inside<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await withinSpan(span, work);
  } catch (error) {
    span.fail(error instanceof Error ? error.name : "error");
    throw error;
  } finally {
    span.end();
  }
}
