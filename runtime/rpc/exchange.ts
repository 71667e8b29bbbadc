/**
 * One request to a callee over Bun's fetch, and what became of it. It never throws and retries nothing; what failed is
 * told apart by what it allows: whether the request may have arrived, and whether the callee works at all.
 *
 * Traps of that fetch: 256 requests at a time in a whole process, so each callee has a limit below (`http.ts`); proxies
 * of the environment apply to every host that NO_PROXY does not name, and a token must not go there; a connection whose
 * far end vanished without a word stays in the pool, and the next request waits on it until its deadline. So a callee
 * has a pool of its own, whose idle connections end before the server's side ends them (75 s), and are dropped when one
 * was silent. PUT and DELETE would be sent twice by themselves; only POST is used.
 */
import { messageOf } from "../error-text.ts";
import { readAtMost } from "../http/limited-read.ts";
import { ANSWER_LIMIT_BYTES, TIMEOUT_HEADER } from "./wire.ts";

export interface Sent {
  readonly url: string;
  readonly token: string;
  readonly text: string;
  readonly timeoutMs: number;
  /** The trace that it is part of. */
  readonly traceparent?: string | undefined;
}

/**
 * `unreachable`: no connection, so nothing arrived. `lost`: the connection ended before the whole answer, so the request
 * may have been carried out. `busy`: 503. `declined`: the callee answers that it will not, or that it failed by a bug.
 * `foreign`: whatever answers there does not speak like a process of this platform.
 */
export type FailureKind = "unreachable" | "lost" | "busy" | "declined" | "foreign";

export interface Failure {
  readonly ok: false;
  readonly kind: FailureKind;
  /** What is told of it, in one line without personal data. */
  readonly reason: string;
  /** 0: there was no answer. */
  readonly status: number;
  /** When the callee wants to be asked again; null: it does not say. */
  readonly retryAfterMs: number | null;
}

export type Exchanged = { readonly ok: true; readonly text: string } | Failure;

/** The connections to one callee. */
export interface Connections {
  /** Ends early, with any failure, when `signal` is aborted. */
  exchange(sent: Sent, signal: AbortSignal): Promise<Exchanged>;
  /** Idle connections are closed: the next request does not meet a dead one. */
  dropIdle(): void;
}

export type OpenConnections = () => Connections;

const IDLE_SECONDS = 30;
const PROBLEM_LIMIT_BYTES = 64 * 1024;
const DETAIL_LIMIT = 300;

/** Connections over Bun's fetch. */
export const openConnections: OpenConnections = () => {
  const session = new Bun.FetchSession({ proxy: false, keepAlive: { idleTimeout: IDLE_SECONDS } });
  return {
    async exchange({ url, token, text, timeoutMs, traceparent }, signal) {
      try {
        const response = await session.fetch(url, {
          method: "POST",
          headers: {
            authorization: `Bearer ${token}`,
            "content-type": "application/json",
            [TIMEOUT_HEADER]: String(timeoutMs),
            ...(traceparent === undefined ? {} : { traceparent }),
          },
          body: text,
          redirect: "manual",
          // Whoever compresses unasked could send a bomb.
          decompress: false,
          signal,
        });
        return await read(response);
      } catch (error) {
        return brokenOff(error, url);
      }
    },
    dropIdle: () => session.close(),
  };
};

async function read(response: Response): Promise<Exchanged> {
  const { status } = response;
  const type = mediaTypeOf(response);
  const isAnswer = status === 200 && type === "application/json";
  const isProblem = status >= 400 && type === "application/problem+json";
  const bytes = await bodyOf(response, isAnswer ? ANSWER_LIMIT_BYTES : PROBLEM_LIMIT_BYTES);
  if (isAnswer) {
    if (bytes === undefined) return foreign(`answers more than ${ANSWER_LIMIT_BYTES} bytes`, status);
    const text = decoded(bytes);
    return text === undefined ? foreign("answers what is no UTF-8", status) : { ok: true, text };
  }
  const detail = isProblem ? detailOf(bytes) : "";
  const reason = `answers ${status}${detail && `: ${detail}`}`;
  if (status === 503) return { ok: false, kind: "busy", reason, status, retryAfterMs: retryAfterMs(response) };
  if (isProblem) return { ok: false, kind: "declined", reason, status, retryAfterMs: null };
  return foreign(`${reason} ${type || "without a content type"}`, status);
}

async function bodyOf(response: Response, limitBytes: number): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const bytes = await readAtMost(reader, limitBytes);
  // Until then the connection counts as busy.
  if (bytes === undefined) await reader.cancel();
  return bytes;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const mediaTypeOf = (response: Response) =>
  (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";

/** In seconds; a date would need a clock that agrees with the callee's. */
function retryAfterMs(response: Response): number | null {
  const seconds = response.headers.get("retry-after");
  return seconds !== null && /^\d{1,4}$/.test(seconds) ? Number(seconds) * 1000 : null;
}

/** What a problem document says for people, and where its report can be found. */
function detailOf(bytes: Uint8Array | undefined): string {
  try {
    const problem: unknown = JSON.parse(decoded(bytes ?? new Uint8Array(0)) ?? "");
    if (typeof problem !== "object" || problem === null || !("detail" in problem)) return "";
    const instance = "instance" in problem ? ` (${String(problem.instance)})` : "";
    return `${String(problem.detail)}${instance}`.replaceAll(/\s+/g, " ").slice(0, DETAIL_LIMIT);
  } catch {
    return "";
  }
}

const foreign = (reason: string, status: number): Failure => ({
  ok: false,
  kind: "foreign",
  reason,
  status,
  retryAfterMs: null,
});

/** Codes that only come before anything is sent. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);
/** What came is no HTTP. */
const NOT_UNDERSTOOD = /^(?:Malformed_HTTP|InvalidHTTP|HPE_|ERR_INVALID_URL)/;

function brokenOff(error: unknown, url: string): Failure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const origin = URL.parse(url)?.origin ?? url;
  const failed = (kind: FailureKind, reason: string): Failure => ({
    ok: false,
    kind,
    reason,
    status: 0,
    retryAfterMs: null,
  });
  if (NOT_CONNECTED.has(code)) return failed("unreachable", `cannot be reached at ${origin} (${code})`);
  if (NOT_UNDERSTOOD.test(code)) return failed("foreign", `does not speak HTTP at ${origin} (${code})`);
  return failed("lost", `broke the connection to ${origin} off (${code || messageOf(error)})`);
}
