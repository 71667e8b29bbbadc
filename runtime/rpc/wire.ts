/**
 * What both ends of a call over HTTP know: `POST /rpc/{module}/{method}` with the request as JSON and a bearer token, on
 * the internal port. 200 is the answer as JSON; everything else is a problem document (RFC 9457).
 */
import { BODY_LIMIT_BYTES } from "../http/body.ts";

export const RPC_PATH = "/rpc";

/** How long the caller still waits when it sends the request. */
export const TIMEOUT_HEADER = "rpc-timeout-ms";
/** Longer than that nobody is answered: below what ends an idle connection (`startServer`). */
export const MOST_TIMEOUT_MS = 60_000;

export const REQUEST_LIMIT_BYTES = BODY_LIMIT_BYTES;
/** Pages of facts and dead letters are long; more than this is no answer of ours. */
export const ANSWER_LIMIT_BYTES = 16 * 1024 * 1024;
