/**
 * Server-sent events: answers that go on until what they tell is over, the caller's token expires, the client goes or the
 * process is about to end.
 *
 * An event is asked for when the connection has taken the one before, so a slow reader costs what the connection buffers
 * and no queue. Each event carries an id: a client whose stream ends early connects again, to whichever replica, and goes
 * on after the last id that it has (`Last-Event-ID`). So a source that fails may end its stream, and a process that is
 * about to end ends them all at once, with word to connect again soon; a reader that is behind is cut with its connection.
 */
import type { Clock } from "../clock.ts";
import { errorText } from "../error-text.ts";
import { callerOf, type Principal } from "../identity/principal.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import { ProblemError, problem } from "./problem.ts";
import type { Reply } from "./reply.ts";

export const EVENT_STREAM = "text/event-stream";

/** Intermediaries end a connection that is silent for longer. */
export const BEAT_MS = 10_000;
/** How long a client waits before it connects again: after a stream that broke, and after one that a process has ended. */
const RECONNECT_MS = 2_000;
const MOVE_ON_MS = 250;
const REFUSED_FOR_SECONDS = "5";

export interface StreamEvent {
  readonly id: number;
  /** One line. */
  readonly type: string;
  readonly data: unknown;
}

/** What is told, as it happens; null, at least every `BEAT_MS`, where there was nothing. It must end when the signal fires. */
export type EventSource = (signal: AbortSignal) => AsyncIterator<StreamEvent | null>;

export interface StreamRequest {
  readonly principal: Principal;
  /** Fires when the client has gone, also before it has taken anything. */
  readonly signal: AbortSignal;
  readonly keepOpen: () => void;
}

export interface EventStreams {
  /** Answers with a stream. Throws a 429 where the caller has as many here as one may, a 503 where this process has. */
  open(request: StreamRequest, source: EventSource): Reply;
  /** Ends all of them, and every later one at once: their clients go on elsewhere. */
  end(): void;
  /** How many are open. */
  readonly size: number;
}

export interface EventStreamsDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** How many may be open at once, and how many of them by one caller. */
  readonly limit: number;
  readonly limitPerCaller: number;
}

/** The streams of one process. */
export function createEventStreams(deps: EventStreamsDeps): EventStreams {
  const { clock, scheduler, log, limit, limitPerCaller } = deps;
  /** By what ends each one, with whose it is. */
  const open = new Map<() => void, string>();
  const openOf = (caller: string) => [...open.values()].filter((each) => each === caller).length;
  let ended = false;

  function streamOf(source: EventSource, { principal, signal: gone }: StreamRequest) {
    const ending = new AbortController();
    const events = source(ending.signal);
    let over = false;
    let leave: () => void = () => undefined;
    const close = (controller: Controller, last = "") => {
      leave();
      if (last !== "") controller.enqueue(encoded(last));
      controller.close();
    };
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const moveOn = () => close(controller, retry(MOVE_ON_MS));
          const cancelExpiry = scheduler.after(Math.max(0, principal.expiresAtMs - clock.now()), () =>
            close(controller),
          );
          leave = () => {
            over = true;
            open.delete(moveOn);
            cancelExpiry();
            gone.removeEventListener("abort", leave);
            ending.abort();
          };
          open.set(moveOn, callerOf(principal));
          gone.addEventListener("abort", leave);
          controller.enqueue(encoded(retry(RECONNECT_MS)));
          if (gone.aborted) close(controller);
          else if (ended) moveOn();
        },
        async pull(controller) {
          try {
            const { done, value } = await events.next();
            if (over) return;
            if (done) close(controller);
            else controller.enqueue(encoded(value === null ? BEAT : textOf(value)));
          } catch (error) {
            if (over) return;
            log("error", "stream.failed", { error: errorText(error) });
            close(controller);
          }
        },
        cancel: () => leave(),
      },
      { highWaterMark: 0 },
    );
  }

  return {
    open(request, source) {
      if (open.size >= limit)
        throw new ProblemError(problem("overloaded", "This process has as many streams as it may. Try again later."), {
          "retry-after": REFUSED_FOR_SECONDS,
        });
      // They would take the room of all others.
      if (openOf(callerOf(request.principal)) >= limitPerCaller)
        throw new ProblemError(
          problem(
            "rate-limited",
            `There are ${limitPerCaller} streams of yours here. Close one, then open this again.`,
          ),
          { "retry-after": REFUSED_FOR_SECONDS },
        );
      request.keepOpen();
      return { response: new Response(streamOf(source, request), { headers: HEADERS }) };
    },
    end() {
      ended = true;
      for (const each of [...open.keys()]) each();
    },
    get size() {
      return open.size;
    },
  };
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

const HEADERS = {
  "content-type": EVENT_STREAM,
  "cache-control": "no-store",
  // Its connection has no idle time-out any more, and must not outlive it.
  connection: "close",
  // Asks proxies that gather an answer before they pass it on not to.
  "x-accel-buffering": "no",
};

const encoder = new TextEncoder();
const encoded = (text: string) => encoder.encode(text);

const BEAT = ": still here\n\n";
const retry = (delayMs: number) => `retry: ${delayMs}\n\n`;
// JSON in one line, as JSON.stringify writes it.
const textOf = ({ id, type, data }: StreamEvent) => `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
