/** Sends drafts to a platform, counts them, and has every answer judged. */
import { type Caller, type Draft, methodOf, pathOf } from "./draft.ts";
import { curlOf, type Finding, type FindingKind } from "./finding.ts";
import type { Judge } from "./judge.ts";
import type { Seen } from "./memory.ts";

/** One token for each caller but the guest. */
export type Tokens = Readonly<Record<Exclude<Caller, "guest">, string>>;

export interface Counts {
  requests: number;
  /** How often an operation was answered with a status below 400. */
  readonly done: Map<string, number>;
}

export interface Sender {
  send(draft: Draft): Promise<Seen>;
  /** Notes what is wrong with the answer to a draft beyond what the document says. */
  report(draft: Draft, kind: FindingKind, detail: string): void;
}

export interface SenderOptions {
  readonly url: string;
  readonly tokens: Tokens;
  readonly judge: Judge;
  readonly counts: Counts;
  readonly onFinding: (finding: Finding) => void;
}

const REQUEST_TIMEOUT_MS = 40_000;
const STREAM_MS = 300;
const REFUSED_FROM = 400;

/** A sender with the tokens of one walk. */
export function createSender({ url, tokens, judge, counts, onFinding }: SenderOptions): Sender {
  function requestOf(draft: Draft) {
    const { caller, headers, body } = draft;
    const authorization = caller === "guest" ? {} : { authorization: `Bearer ${tokens[caller]}` };
    const method = methodOf(draft.operation);
    const all = { ...headers, ...authorization };
    return { method, url: url + pathOf(draft), headers: all, ...(body === undefined ? {} : { body }) };
  }
  function report(draft: Draft, kind: FindingKind, detail: string) {
    onFinding({ kind, operation: draft.operation, detail, curl: `${curlOf(requestOf(draft))} # as ${draft.caller}` });
  }
  return {
    report,
    async send(draft) {
      const { url: address, ...request } = requestOf(draft);
      counts.requests++;
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), REQUEST_TIMEOUT_MS);
      try {
        const response = await fetch(address, { ...request, redirect: "manual", signal: abort.signal });
        const { status, headers } = response;
        const isStream = headers.get("content-type")?.startsWith("text/event-stream") === true;
        const text = isStream ? await begun(response) : await response.text();
        for (const { kind, detail } of judge.faultsOf(draft.operation, { status, headers, text }))
          report(draft, kind, detail);
        if (status < REFUSED_FROM) counts.done.set(draft.operation, (counts.done.get(draft.operation) ?? 0) + 1);
        return { status, headers, content: text === null ? undefined : contentOf(text) };
      } catch (error) {
        report(draft, "server-error", `no answer: ${error instanceof Error ? error.message : String(error)}`);
        return { status: 0, headers: new Headers(), content: undefined };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Reads the beginning of a stream, which has no end, and leaves it; where nothing is to be told, nothing comes. */
async function begun(response: Response): Promise<null> {
  const reader = response.body?.getReader();
  await Promise.race([reader?.read(), Bun.sleep(STREAM_MS)]);
  await reader?.cancel();
  return null;
}

function contentOf(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text);
    return content;
  } catch {
    return undefined;
  }
}
