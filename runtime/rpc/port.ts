/**
 * Typed synchronous questions between modules. Only serialised data passes, so what is answered in one process is
 * answered the same from another. A refusal is part of the response type; a rejection means that there is no answer.
 */
import type { z } from "zod";

export interface RpcMethodName {
  /** The module that answers. */
  readonly module: string;
  readonly name: string;
}

export interface RpcMethod<Request, Response> extends RpcMethodName {
  readonly request: z.ZodType<Request>;
  readonly response: z.ZodType<Response>;
}

export const defineRpc = <Request, Response>(method: RpcMethod<Request, Response>) => method;

/** There is no answer: the callee is away, late or wrong. The caller answers 503 with Retry-After. */
export class RpcUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RpcUnavailable";
  }
}

export interface RpcClient {
  call<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: { readonly timeoutMs: number },
  ): Promise<Response>;
}

/** A method with what answers it, its types folded in. */
export interface RpcHandler extends RpcMethodName {
  /** JSON text in, JSON text out. */
  readonly answer: (request: string) => Promise<string>;
}

/** Serves a method. Both ends check the schemas. */
export function answers<Request, Response>(
  method: RpcMethod<Request, Response>,
  answer: (request: Request) => Promise<Response>,
): RpcHandler {
  return {
    module: method.module,
    name: method.name,
    answer: async (text) => {
      const request = method.request.parse(JSON.parse(text));
      return JSON.stringify(method.response.parse(await answer(request)));
    },
  };
}
