/**
 * Does many small requests with one statement: whatever queued while the last group was under way forms the next one.
 * A group that fails rejects each of its requests; nothing is retried here. Results come in the order of the requests.
 * The queue is bounded: what comes on top is rejected at once, as `unavailable`.
 */
import { type ActiveSpan, activeSpan, forSpans } from "../telemetry/active-span.ts";
import { DatabaseError } from "./port.ts";

export interface GroupLimits {
  /** Most requests of a group. */
  readonly groupSize: number;
  /** Most requests that may be without an answer. */
  readonly openLimit: number;
}

const LIMITS: GroupLimits = { groupSize: 200, openLimit: 5000 };

/** `work` answers each request of a group. */
export function createGroupedWork<Request, Result>(
  work: (requests: readonly Request[]) => Promise<readonly Result[]>,
  { groupSize, openLimit }: GroupLimits = LIMITS,
): (request: Request) => Promise<Result> {
  interface Waiting {
    readonly request: Request;
    readonly active: ActiveSpan | undefined;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let running = false;
  let underWay = 0;

  async function run() {
    running = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, groupSize);
      waiting = waiting.slice(groupSize);
      underWay = group.length;
      try {
        const requests = group.map(({ request }) => request);
        const results = await forSpans(group, () => work(requests));
        group.forEach(({ resolve }, index) => {
          // `work` answers each request, as its type says.
          resolve(results[index] as Result);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
    underWay = 0;
  }

  return (request) =>
    new Promise((resolve, reject) => {
      const open = waiting.length + underWay;
      if (open >= openLimit) {
        reject(new DatabaseError("unavailable", "", `${open} requests wait for this database already`));
        return;
      }
      waiting.push({ request, active: activeSpan(), resolve, reject });
      if (!running) run();
    });
}
