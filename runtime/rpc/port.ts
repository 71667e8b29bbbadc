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

export const methodName = ({ module, name }: RpcMethodName) => `${module}.${name}`;

export interface RpcMethod<Request, Response> extends RpcMethodName {
  readonly request: z.ZodType<Request>;
  readonly response: z.ZodType<Response>;
  /** It changes something, so the client repeats it only where the first request certainly did not arrive. */
  readonly effect?: true;
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

/** The request does not fit the method's schema: who asks was built with another contract. */
export class RpcRequestInvalid extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RpcRequestInvalid";
  }
}

/** Serves a method. Both ends check the schemas. */
export function answers<Request, Response>(
  method: RpcMethod<Request, Response>,
  answer: (request: Request) => Promise<Response>,
): RpcHandler {
  return {
    module: method.module,
    name: method.name,
    answer: async (text) => JSON.stringify(method.response.parse(await answer(requestOf(method, text)))),
  };
}

function requestOf<Request>(method: Pick<RpcMethod<Request, unknown>, "request">, text: string): Request {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new RpcRequestInvalid("the request is no JSON");
  }
  const parsed = method.request.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the request"}: ${message}`);
  throw new RpcRequestInvalid(faults.slice(0, 5).join("; "));
}
