/**
 * Does many small requests with one statement: whatever queued while the last group was under way forms the next one.
 * A group that fails rejects each of its requests. Results come in the order of the requests.
 */
export function createGroupedWork<Request, Result>(
  work: (requests: readonly Request[]) => Promise<readonly Result[]>,
  limit = 200,
): (request: Request) => Promise<Result> {
  interface Waiting {
    readonly request: Request;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let running = false;

  async function run() {
    running = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, limit);
      waiting = waiting.slice(limit);
      try {
        const results = await work(group.map(({ request }) => request));
        group.forEach(({ resolve }, index) => {
          // `work` answers each request, as its type says.
          resolve(results[index] as Result);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
  }

  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      if (!running) run();
    });
}
