/**
 * Watches one Service at the Kubernetes API server: asks for it, then follows its changes, round after round.
 *
 * Guarantees: a change is told when the server tells it; one that was missed (a connection that has died silently, a
 * watch that the server gave up, a version that it knows no more) is told with the next round. A round ends by itself
 * long before the overlap of two colours does, so no colour ends before the other one can have heard of it.
 *
 * How it fails: whatever goes wrong is told as a problem and tried again here, with pauses that grow to some seconds. The
 * token and the authorities are read from their files for each request, since the kubelet renews them. The server's
 * certificate and name are always checked.
 */
import { readFile } from "node:fs/promises";
import { createBackoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../error-text.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { verifiedTls } from "../verified-tls.ts";
import type { ServiceListener } from "./rollout-activity.ts";
import { parseEvent, parseService } from "./service-object.ts";

export interface WatchServiceDeps {
  /** Of the API server. */
  readonly url: string;
  readonly namespace: string;
  readonly service: string;
  readonly tokenFile: string;
  /** Not read for a plain http:// server. */
  readonly caFile: string;
  /** How long a watch lasts. */
  readonly roundMs: number;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly listener: ServiceListener;
}

export interface ServiceWatch {
  start(): void;
  /** Breaks off what is under way. */
  stop(): Promise<void>;
}

const ANSWER_WITHIN_MS = 3_000;
/** After the end of a round, which the server knows, a silent connection is given up. */
const LATE_END_MS = 2_000;
const PAUSE = { firstMs: 200, mostMs: 5_000 };
/** A watch that ends sooner is no better than one that fails: no two follow each other without a pause. */
const SHORT_WATCH_MS = 1_000;
const LONGEST_LINE = 1_000_000;
const SHOWN = 100;
/** Of a version that the server has forgotten. */
const GONE = 410;

/** A problem that somebody has to see to. */
class Refused extends Error {}
/** The watch cannot be gone on with; a new round can. */
class RoundOver extends Error {}

/** Nothing is asked before `start`. */
export function watchService(deps: WatchServiceDeps): ServiceWatch {
  const { namespace, service, clock, scheduler, listener } = deps;
  const services = `${deps.url.replace(/\/+$/, "")}/api/v1/namespaces/${encodeURIComponent(namespace)}/services`;
  const name = `Service ${service} in namespace ${namespace}`;
  const backoff = createBackoff(deps.random, PAUSE);
  const ended = new AbortController();
  const { promise: stopping, resolve: endPause } = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();

  async function run() {
    while (!ended.signal.aborted) {
      const beganMs = clock.now();
      try {
        await round();
      } catch (error) {
        if (ended.signal.aborted) return;
        if (!(error instanceof RoundOver))
          listener.problem({ text: `${name}: ${messageOf(error)}`, isRefusal: error instanceof Refused });
      }
      if (clock.now() - beganMs >= SHORT_WATCH_MS) backoff.reset();
      else await Promise.race([scheduler.sleep(backoff.nextMs()), stopping]);
    }
  }

  async function round() {
    const found = await withDeadline(async (signal) => {
      const response = await request(`${services}/${encodeURIComponent(service)}`, signal);
      await requireOk(response, "get");
      return understood(await response.text(), (text) => parseService(JSON.parse(text)));
    });
    if (found.name !== service)
      throw new Error(`the server sends another one: ${JSON.stringify(found.name.slice(0, SHOWN))}`);
    listener.selects(found.hash);
    const query = new URLSearchParams({
      watch: "true",
      // By it the server knows that this Service alone is asked for, which is all that the Role allows.
      fieldSelector: `metadata.name=${service}`,
      resourceVersion: found.resourceVersion,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(Math.ceil(deps.roundMs / 1000)),
    });
    await withDeadline(async (signal, opened) => {
      const response = await request(`${services}?${query}`, signal);
      if (response.status === GONE) throw new RoundOver();
      await requireOk(response, "watch");
      listener.problem(null);
      opened(deps.roundMs + LATE_END_MS);
      for await (const line of linesOf(response)) follow(line);
    });
  }

  function follow(line: string) {
    const event = understood(line, parseEvent);
    // A server that does not heed the field selector tells of others too.
    if (event.kind === "selects" && event.service.name === service) listener.selects(event.service.hash);
    if (event.kind === "gone") throw new Refused("it was deleted");
    if (event.kind === "failed" && event.code === GONE) throw new RoundOver();
    if (event.kind === "failed") throw new Error(`the server ends the watch: ${event.message}`);
  }

  async function request(url: string, signal: AbortSignal): Promise<Response> {
    const { protocol, hostname } = new URL(url);
    const token = await readGiven("KUBERNETES_TOKEN_FILE", deps.tokenFile);
    const tls =
      protocol === "https:" ? verifiedTls(bare(hostname), await readGiven("KUBERNETES_CA_FILE", deps.caFile)) : {};
    const headers = { authorization: `Bearer ${token.trim()}`, accept: "application/json" };
    // Whoever is sent elsewhere must not show the token there.
    return fetch(url, { headers, signal, redirect: "error", tls });
  }

  const readGiven = (setting: string, file: string) =>
    scheduler
      .external("read-kubernetes-file", () => readFile(file, "utf8"))
      .catch((error: unknown) => {
        throw new Refused(`${setting} is ${file}, which cannot be read (${messageOf(error)})`);
      });

  async function requireOk(response: Response, verb: string) {
    if (response.ok) return;
    // Or the connection could not be used again.
    await response.body?.cancel();
    const { status } = response;
    if (status === 404) throw new Refused("there is none (404): ACTIVE_SERVICE and POD_NAMESPACE name it");
    if (status === 401) throw new Refused("the server does not know this pod's token (401)");
    if (status === 403)
      throw new Refused(
        `this pod may not ${verb} it (403): its ServiceAccount needs a Role with get and watch on services, resourceNames: [${service}]`,
      );
    throw new Error(`the server answers ${status}`);
  }

  /** Breaks the work off when it is late. Once it has `opened` a watch, it is given longer, and its end is in order. */
  async function withDeadline<T>(
    work: (signal: AbortSignal, opened: (lastsMs: number) => void) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, ended.signal]);
    let isOpen = false;
    let cancel = scheduler.after(ANSWER_WITHIN_MS, () => abort.abort());
    try {
      return await work(signal, (lastsMs) => {
        cancel();
        isOpen = true;
        cancel = scheduler.after(lastsMs, () => abort.abort());
      });
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      throw isOpen ? new RoundOver() : new Error(`the server does not answer in ${ANSWER_WITHIN_MS} ms`);
    } finally {
      cancel();
    }
  }

  return {
    start() {
      running = run();
    },
    async stop() {
      ended.abort();
      endPause();
      await running;
    },
  };
}

const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, "");

function understood<T>(text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch {
    throw new Error(`the server sends what is no Service: ${JSON.stringify(text.slice(0, SHOWN))}`);
  }
}

/** Of a line that the end cuts off nothing is given: what it said comes with the next round. */
async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new Error(`the server sends a line of more than ${LONGEST_LINE} characters`);
    for (const line of lines) if (line.trim() !== "") yield line;
  }
}
