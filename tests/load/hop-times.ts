/** How long one message takes from where it is published to where it is handled, one at a time. */
import { type Latency, summarise } from "./latency.ts";

const FEWEST = 20;
const ARRIVAL_TIMEOUT_MS = 30_000;

/** Publishes one message; resolves with the ms until it was handled. */
export type Hop = () => Promise<number>;

/** Hops for so long, `most` times at most; the first tenth warms up and does not count. Throws when there were too few. */
export async function timeHops(hop: Hop, durationMs: number, most = Number.POSITIVE_INFINITY): Promise<Latency> {
  const timesMs: number[] = [];
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs && timesMs.length < most) timesMs.push(await hop());
  if (timesMs.length < FEWEST)
    throw new Error(`only ${timesMs.length} messages in ${durationMs} ms: too few to measure one`);
  return summarise(timesMs.slice(Math.floor(timesMs.length / 10)));
}

export interface Arrivals {
  /** To be called by whoever is handed a message. */
  arrived(): void;
  /** Resolves with when the next one was handed over; rejects when none comes for long. */
  next(): Promise<number>;
}

export function createArrivals(): Arrivals {
  let waiting: PromiseWithResolvers<number> | undefined;
  return {
    arrived: () => waiting?.resolve(performance.now()),
    next() {
      const next = Promise.withResolvers<number>();
      waiting = next;
      const late = setTimeout(
        () => next.reject(new Error(`a message did not arrive in ${ARRIVAL_TIMEOUT_MS} ms`)),
        ARRIVAL_TIMEOUT_MS,
      );
      return next.promise.finally(() => clearTimeout(late));
    },
  };
}

/** The hop of a message that arrives elsewhere than where it was sent; what went wrong with sending it is told first. */
export async function hopOf(send: () => Promise<unknown>, arrivals: Arrivals): Promise<number> {
  const arrival = arrivals.next();
  // It may be late while the send is refused.
  arrival.catch(() => undefined);
  const startMs = performance.now();
  await send();
  return (await arrival) - startMs;
}
