/** Spans of what is asked of Redis for a request. Hints and proofs belong to no request, and have none. */

import { activeSpan } from "../telemetry/active-span.ts";
import type { Span } from "../telemetry/span.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Cache } from "./port.ts";

/** `module`: who asks. */
export function traceRedis(cache: Cache, tracer: Tracer, module: string): Cache {
  function open(command: string): Span | undefined {
    const active = activeSpan();
    return (
      active &&
      tracer.child(active.parent, {
        name: `redis ${command}`,
        kind: "client",
        module,
        links: active.links,
        attributes: { "peer.service": "redis", "db.system": "redis", "db.statement": command },
      })
    );
  }

  return {
    get(key) {
      const span = open("get");
      const kept = cache.get(key);
      return span ? ending(span, kept, (text) => text === undefined) : kept;
    },
    set(key, text, ttlMs) {
      const span = open("set");
      const isKept = cache.set(key, text, ttlMs);
      return span ? ending(span, isKept, (is) => !is) : isKept;
    },
    remove(keys) {
      const span = open("del");
      const isGone = cache.remove(keys);
      return span ? ending(span, isGone, (is) => !is) : isGone;
    },
  };
}

/** Nothing that is asked of a cache rejects. */
async function ending<T>(span: Span, asked: Promise<T>, isLate: (answer: T) => boolean): Promise<T> {
  const answer = await asked;
  if (isLate(answer)) span.fail("unavailable");
  span.end();
  return answer;
}
