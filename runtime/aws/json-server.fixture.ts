/** A stand-in for a JSON service of AWS that answers as it is told: throttled, denied, broken, silent, nonsense. */
export type Answer =
  | { readonly status: number; readonly type: string; readonly message?: string }
  | { readonly json: unknown }
  | { readonly text: string }
  | "hang";

export interface JsonServer {
  readonly url: string;
  /** What was asked for: the target's name and the body. */
  readonly asked: readonly { readonly target: string; readonly body: Readonly<Record<string, unknown>> }[];
  stop(): Promise<void>;
}

/** `answer` is given how many requests came before this one. */
export function startJsonServer(
  answer: (count: number, body: Readonly<Record<string, unknown>>) => Answer,
): JsonServer {
  const asked: { target: string; body: Record<string, unknown> }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      // An object, by the protocol.
      const body = (await request.json()) as Record<string, unknown>;
      const given = answer(asked.length, body);
      asked.push({ target: request.headers.get("x-amz-target") ?? "", body });
      if (given === "hang") return new Promise<Response>(() => undefined);
      const headers = { "content-type": "application/x-amz-json-1.1" };
      if ("text" in given) return new Response(given.text, { headers });
      if ("json" in given) return new Response(JSON.stringify(given.json), { headers });
      const { status, type, message = "no" } = given;
      return new Response(JSON.stringify({ __type: type, message }), {
        status,
        headers: { ...headers, "x-amzn-errortype": type },
      });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, asked, stop: () => server.stop(true) };
}
