/** A client of server-sent events, as `EventSource` is one, with a token: it hears what is sent and says where it stands. */
import * as z from "zod";

const entry = z.object({
  sequence: z.int(),
  type: z.string(),
  at: z.string(),
  data: z.looseObject({ status: z.string() }),
});

export type Told = z.infer<typeof entry>;

export interface EventStream {
  readonly status: number;
  /** What was told so far, in order. */
  readonly told: readonly Told[];
  /** What to connect again with, once it has ended. */
  readonly retryMs: number | undefined;
  /** Resolves when the server has ended it; rejects when the connection broke. */
  readonly ended: Promise<void>;
  /** Resolves when an event of that type has come; throws with all that has when it ends without, or not in time. */
  until(type: string): Promise<void>;
  /** Goes without a word. */
  leave(): Promise<void>;
}

export interface StreamOptions {
  readonly url: string;
  readonly token: string;
  readonly orderId: string;
  readonly lastEventId?: string | number;
}

const TIMEOUT_MS = 30_000;

/** Connects; resolves when the answer has begun. */
export async function openStream({ url, token, orderId, lastEventId }: StreamOptions): Promise<EventStream> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/api/v1/orders/${orderId}/stream`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) }),
    },
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const told: Told[] = [];
  let retryMs: number | undefined;
  let hasEnded = false;

  async function listen() {
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) hear(block);
    }
    if (rest !== "") throw new Error(`the stream broke off in ${rest}`);
  }
  function hear(block: string) {
    const fields = new Map(block.split("\n").map((line) => [line.split(":", 1)[0], line.replace(/^[^:]*: ?/, "")]));
    const retry = fields.get("retry");
    if (retry !== undefined) retryMs = Number(retry);
    const data = fields.get("data");
    if (data === undefined) return;
    const heard = entry.parse(JSON.parse(data));
    if (fields.get("id") !== String(heard.sequence) || fields.get("event") !== heard.type)
      throw new Error(`id and event do not say what data says: ${block}`);
    told.push(heard);
  }
  const ended = listen().finally(() => {
    hasEnded = true;
  });
  ended.catch(() => undefined);

  return {
    status: response.status,
    told,
    get retryMs() {
      return retryMs;
    },
    ended,
    async until(type) {
      const deadline = Date.now() + TIMEOUT_MS;
      while (!told.some((each) => each.type === type)) {
        if (hasEnded || Date.now() > deadline)
          throw new Error(`no ${type} among ${JSON.stringify(told)}, ${hasEnded ? "and it has ended" : "and goes on"}`);
        await Bun.sleep(10);
      }
    },
    async leave() {
      leaving.abort();
      await ended.catch(() => undefined);
    },
  };
}
