/**
 * kafkajs arms a timer for requests that wait to be sent also when none waits, and with nothing in between: an idle
 * connection wakes some hundred times a second. With this in place the timer is armed only for what waits, and fires
 * when the throttling ends, or after 10 ms. `bench idle` tells what an idle process takes.
 *
 * It also looks ten times a second, on each connection, for requests that are out of time, which is a matter of seconds:
 * that look comes at a tenth of the time that a request has.
 */
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";

const CHECK_AFTER_MS = 10;
const TIMEOUT_CHECKS = 10;

interface Request {
  readonly sentAt: number;
  readonly requestTimeout: number;
  timeoutRequest(): void;
}

interface Queue {
  readonly enforceRequestTimeout: boolean;
  readonly requestTimeout: number;
  readonly inflight: ReadonlyMap<unknown, Request>;
  requestTimeoutIntervalId: unknown;
  isConnected(): boolean;
  destroy(): void;
  scheduleRequestTimeoutCheck(): void;
  pending: readonly unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: unknown;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** Replaces the two methods, for all connections of this process. Doing it twice changes nothing. */
export function guardIdleLoop(): void {
  // The package ships no types for its inner files.
  const prototype = RequestQueue.prototype as Queue;
  prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return;
    const throttledForMs = this.throttledUntil - Date.now();
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledForMs > 0 ? throttledForMs : CHECK_AFTER_MS,
    );
  };
  prototype.scheduleRequestTimeoutCheck = function (this: Queue) {
    if (!this.enforceRequestTimeout) return;
    this.destroy();
    this.requestTimeoutIntervalId = setInterval(() => {
      for (const request of this.inflight.values())
        if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
      if (!this.isConnected()) this.destroy();
    }, this.requestTimeout / TIMEOUT_CHECKS);
  };
}
