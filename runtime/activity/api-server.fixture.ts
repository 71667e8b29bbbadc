/**
 * A stand-in for the Kubernetes API server, over real HTTP: one Service, that may be asked for and watched by whoever shows
 * the token, as a Role limited to it allows; nothing else. Tests make it misbehave in whatever way they want.
 */

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Tokens that it knows; filled with one. */
  readonly tokens: Set<string>;
  /** What it was asked, as `get` or `watch`, in order. */
  readonly asked: string[];
  /** The Service selects the pods of this template from now on; null: by no hash. */
  select(hash: string | null): void;
  /** Asked before it answers by itself; undefined: as if it were not there. */
  answer: (verb: "get" | "watch", request: Request) => Response | Promise<Response> | undefined;
  /** Sends to every watch what it says, line by line or not. */
  send(text: string): void;
  /** Ends every watch. */
  endWatches(): void;
  /** Versions from before are known no more. */
  forget(): void;
  watches(): number;
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  readonly service?: string;
  readonly namespace?: string;
  readonly token?: string;
  readonly hash?: string | null;
  readonly port?: number;
  /** PEM texts; plain HTTP without. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export const HASH_LABEL = "rollouts-pod-template-hash";

/** Starts it on loopback. */
export function startApiServer(options: ApiServerOptions = {}): ApiServer {
  const { service = "platform", namespace = "genai-demo", token = "token-1", tls } = options;
  const base = `/api/v1/namespaces/${namespace}/services`;
  let hash = options.hash ?? null;
  let version = 100;
  let oldestVersion = 0;
  const watches = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const bytes = (text: string) => new TextEncoder().encode(text);

  const object = () => ({
    kind: "Service",
    apiVersion: "v1",
    metadata: { name: service, namespace, resourceVersion: String(version), uid: "6f1c" },
    spec: {
      selector: { "app.kubernetes.io/name": service, ...(hash === null ? {} : { [HASH_LABEL]: hash }) },
      type: "NodePort",
      ports: [{ name: "http", port: 8080 }],
    },
    status: { loadBalancer: {} },
  });
  const line = (type: string, what: object) => `${JSON.stringify({ type, object: what })}\n`;
  const status = (code: number, message: string) =>
    Response.json({ kind: "Status", apiVersion: "v1", status: "Failure", message, code }, { status: code });

  function watch(url: URL): Response {
    if (Number(url.searchParams.get("resourceVersion")) < oldestVersion)
      return new Response(line("ERROR", { kind: "Status", code: 410, message: "too old resource version" }));
    const seconds = Number(url.searchParams.get("timeoutSeconds"));
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        watches.add(controller);
        // The real one sends the head of its answer at once; Bun does that with the first byte of the body.
        controller.enqueue(bytes("\n"));
        if (Number(url.searchParams.get("resourceVersion")) < version)
          controller.enqueue(bytes(line("MODIFIED", object())));
        timer = setTimeout(() => end(controller), seconds * 1000);
      },
      cancel() {
        clearTimeout(timer);
        if (own) watches.delete(own);
      },
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  }

  function end(controller: ReadableStreamDefaultController<Uint8Array>) {
    if (watches.delete(controller)) controller.close();
  }

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    idleTimeout: 0,
    ...(tls ? { tls } : {}),
    async fetch(request) {
      const url = new URL(request.url);
      const isWatch = url.searchParams.get("watch") === "true";
      const verb = isWatch ? "watch" : "get";
      api.asked.push(verb);
      const given = await api.answer(verb, request);
      if (given) return given;
      const shown = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
      if (!api.tokens.has(shown)) return status(401, "Unauthorized");
      if (request.method === "GET" && !isWatch && url.pathname === `${base}/${service}`) return Response.json(object());
      const isOne = url.searchParams.get("fieldSelector") === `metadata.name=${service}`;
      if (request.method === "GET" && isWatch && isOne && url.pathname === base) return watch(url);
      return status(403, `services is forbidden: User "system:serviceaccount:${namespace}:${service}" cannot do that`);
    },
  });

  const api: ApiServer = {
    url: server.url.origin,
    port: server.port ?? 0,
    tokens: new Set([token]),
    asked: [],
    answer: () => undefined,
    select(next) {
      hash = next;
      version++;
      api.send(line("MODIFIED", object()));
    },
    send(text) {
      for (const each of watches) each.enqueue(bytes(text));
    },
    endWatches() {
      for (const each of [...watches]) end(each);
    },
    forget() {
      version += 1000;
      oldestVersion = version;
    },
    watches: () => watches.size,
    async stop() {
      await server.stop(true);
    },
  };
  return api;
}
