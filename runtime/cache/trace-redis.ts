/** Spans of what is asked of Redis for a request. Hints and proofs belong to no request, and have none. */

import { activeSpan } from "../telemetry/active-span.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Cache } from "./port.ts";

export function traceRedis(cache: Cache, tracer: Tracer, module: string): Cache {
  async function during<T>(command: string, isLate: (answer: T) => boolean, work: () => Promise<T>): Promise<T> {
    const active = activeSpan();
    if (active === undefined) return work();
    const span = tracer.child(active.parent, {
      name: `redis ${command}`,
      kind: "client",
      module,
      links: active.links,
      attributes: { "peer.service": "redis", "db.system": "redis", "db.statement": command },
    });
    const answer = await work();
    if (isLate(answer)) span.fail("unavailable");
    span.end();
    return answer;
  }

  return {
    get: (key) =>
      during(
        "get",
        (kept) => kept === undefined,
        () => cache.get(key),
      ),
    set: (key, text, ttlMs) =>
      during(
        "set",
        (isKept) => !isKept,
        () => cache.set(key, text, ttlMs),
      ),
    remove: (keys) =>
      during(
        "del",
        (isGone) => !isGone,
        () => cache.remove(keys),
      ),
  };
}
