/**
 * Asks for objects over HTTP, closed loop: each connection, kept alive, asks for the next one when the last was
 * answered. An answer that is not the object that was asked for counts as wrong, and in no time.
 */
import { answerPlan, runApart } from "./apart.ts";
import { httpConnection } from "./http-connection.ts";
import { type Latency, summarise } from "./latency.ts";

export interface ReadPlan {
  readonly port: number;
  readonly durationMs: number;
  readonly connections: number;
  /** Asked for in turn. */
  readonly objects: readonly ReadObject[];
}

export interface ReadObject {
  readonly path: string;
  /** Whose object it is. */
  readonly token: string;
  /** Is in the body of the right answer. */
  readonly id: string;
}

export interface ReadResult {
  readonly seconds: number;
  readonly latency: Latency;
  readonly wrong: number;
  /** One answer that was wrong. */
  readonly sampleWrong?: string;
  /** Of this process over the run. */
  readonly cpuMs: number;
}

/** No figure comes of a run with so many: it ends. */
const MOST_WRONG = 100;
const ANSWER_TIMEOUT_MS = 10_000;

/** Runs the plan to its end: until every request under way is answered. Throws when an answer is overdue. */
export async function generateReads({ port, durationMs, connections, objects }: ReadPlan): Promise<ReadResult> {
  const cpuBefore = process.cpuUsage();
  const asked = objects.map(({ path, token, id }) => ({
    id,
    request: `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`,
  }));
  const timesMs: number[] = [];
  let [sent, wrong] = [0, 0];
  let sampleWrong: string | undefined;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const loop = async () => {
    const connection = httpConnection(port);
    while (performance.now() < endMs && wrong < MOST_WRONG) {
      const { id, request } = asked[sent++ % asked.length] ?? { id: "", request: "" };
      const sentAtMs = performance.now();
      await new Promise<void>((resolve) =>
        connection.send(request, (status, body) => {
          if (status === 200 && body.includes(id)) timesMs.push(performance.now() - sentAtMs);
          else wrong += 1;
          if (wrong > 0) sampleWrong ??= `${status} ${body.slice(0, 500)}`;
          resolve();
        }),
      );
    }
    connection.close();
  };
  await Promise.race([
    Promise.all(Array.from({ length: connections }, loop)),
    Bun.sleep(durationMs + ANSWER_TIMEOUT_MS).then(() => {
      throw new Error(`an answer did not come in ${ANSWER_TIMEOUT_MS} ms`);
    }),
  ]);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    seconds: (performance.now() - startMs) / 1000,
    latency: summarise(timesMs),
    wrong,
    ...(sampleWrong === undefined ? {} : { sampleWrong }),
    cpuMs: (user + system) / 1000,
  };
}

/** Runs a plan in a process of its own; `wrapper` is put before its command line. */
export const generateReadsApart = (plan: ReadPlan, wrapper: readonly string[] = []): Promise<ReadResult> =>
  runApart(import.meta.path, plan, wrapper);

if (import.meta.main) {
  await answerPlan(generateReads);
  // The time-out would keep it.
  process.exit(0);
}
