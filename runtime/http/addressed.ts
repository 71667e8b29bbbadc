import { problem } from "./problem.ts";
import { problemResponse } from "./reply.ts";

/**
 * The request with a URL that can be read, or the answer that refuses it. Bun gives the bare target as the URL of a
 * request without a usable Host, such as the HTTP/1.0 probes of some balancers send, and of a CONNECT.
 */
export function addressed(request: Request): Request | Response {
  if (isReadable(request.url)) return request;
  const url = `http://localhost${request.url}`;
  if (request.url.startsWith("/") && isReadable(url)) return new Request(url, request);
  return problemResponse(problem("invalid-request", "header.Host must be a host, with its port or without."), {
    connection: "close",
  });
}

const isReadable = (url: string) => URL.parse(url)?.pathname.startsWith("/") === true;
