import type { Problem } from "./problem.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** What a handler answers. `json` is a body that is serialised already; `response` is for streams and pages. */
export type Reply =
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly json?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly response: Response };

const JSON_HEADERS = { ...SECURITY_HEADERS, "content-type": "application/json", "cache-control": "no-store" };
const PROBLEM_HEADERS = { ...JSON_HEADERS, "content-type": "application/problem+json" };
const EMPTY_HEADERS = { ...SECURITY_HEADERS, "cache-control": "no-store" };

/** A problem as a handler's reply, for refusals that are answers and not exceptions. */
export function problemReply(problem: Problem, headers: Readonly<Record<string, string>> = {}): Reply {
  return { response: problemResponse(problem, headers) };
}

/** A problem as the final answer. */
export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { ...PROBLEM_HEADERS, ...headers },
  });
}

/** Turns a reply into the final answer. */
export function toResponse(reply: Reply): Response {
  if ("response" in reply) return reply.response;
  const text = reply.json ?? (reply.body === undefined ? null : JSON.stringify(reply.body));
  const base = text === null ? EMPTY_HEADERS : JSON_HEADERS;
  return new Response(text, {
    status: reply.status,
    headers: reply.headers ? { ...base, ...reply.headers } : base,
  });
}
