import type { Scheduler } from "../scheduler.ts";
import { readAtMost } from "./limited-read.ts";
import { ProblemError, problem } from "./problem.ts";

export const BODY_LIMIT_BYTES = 1024 * 1024;

const EMPTY = new Uint8Array(0);

/**
 * Reads a body of at most 1 MiB, in at most `timeoutMs`. A declared length over the limit is refused unread; a chunked
 * body is cut off at the first chunk that goes over. What was refused half read closes the connection.
 */
export async function readBody(request: Request, scheduler: Scheduler, timeoutMs: number): Promise<Uint8Array> {
  if (request.body === null) return EMPTY;
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > BODY_LIMIT_BYTES) throw tooLarge();
  const reading =
    declared === null
      ? (body: ReadableStream<Uint8Array>) => readChunks(body, scheduler, timeoutMs)
      : () => withDeadline(scheduler, timeoutMs, () => request.arrayBuffer().then((buffer) => new Uint8Array(buffer)));
  const stream = request.body;
  return scheduler.external("read-body", () => reading(stream));
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  scheduler: Scheduler,
  timeoutMs: number,
): Promise<Uint8Array> {
  const reader = body.getReader();
  const collect = async () => {
    const bytes = await readAtMost(reader, BODY_LIMIT_BYTES);
    if (bytes === undefined) throw tooLarge();
    return bytes;
  };
  try {
    return await withDeadline(scheduler, timeoutMs, collect);
  } catch (error) {
    // The answer must not wait for a sender that will not stop.
    reader.cancel().catch(() => undefined);
    throw error;
  }
}

function withDeadline(scheduler: Scheduler, timeoutMs: number, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const cancel = scheduler.after(timeoutMs, () => reject(tooSlow(timeoutMs)));
    work().then(
      (bytes) => {
        cancel();
        resolve(bytes);
      },
      (error: unknown) => {
        cancel();
        reject(error instanceof ProblemError ? error : brokenOff());
      },
    );
  });
}

const CLOSE = { connection: "close" };

const tooLarge = () =>
  new ProblemError(
    problem("body-too-large", `The body is larger than ${BODY_LIMIT_BYTES} bytes (1 MiB). Send less.`),
    CLOSE,
  );

const tooSlow = (timeoutMs: number) =>
  new ProblemError(problem("body-timeout", `The body did not arrive within ${timeoutMs} ms. Send it faster.`), CLOSE);

/** The client went away or framed its chunks wrongly: nobody reads this answer, but it is no fault of ours. */
const brokenOff = () =>
  new ProblemError(problem("invalid-request", "The body broke off. Send the whole of it."), CLOSE);

/** Refuses a body that is not plain JSON in UTF-8. */
export function requireJson(request: Request): void {
  const type = request.headers.get("content-type");
  if (type === null || !/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type.trim()))
    throw unsupported("Send the body as application/json in UTF-8.");
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity")
    throw unsupported("Send the body without Content-Encoding.");
}

const unsupported = (detail: string) =>
  new ProblemError(problem("unsupported-media-type", detail), { accept: "application/json" });
