/**
 * An order's traces, put together from what each process keeps in memory: first each is asked which traces have to do with
 * the order, then what it keeps of all of them, for a trace goes through processes that never learn whose order it is.
 * Who does not answer is named, and hides none of the others.
 */
import type { Replicas } from "../rpc/replicas.ts";
import { type KeptAnswer, type KeptQuestion, type KeptSpan, MOST_TRACES, tracesRpc } from "../traces-rpc.ts";
import { askReplicas } from "./ask-replicas.ts";

export interface TracesDeps {
  /** Names of all modules of the platform. */
  readonly modules: readonly string[];
  /** Those that run in this process. */
  readonly own: readonly string[];
  readonly ask: (question: KeptQuestion) => KeptAnswer;
  /** Finds the other processes; absent where there can be none. */
  readonly replicas: Replicas | undefined;
}

export interface TraceProblem {
  readonly module: string;
  readonly problem: string;
}

/** A span with the process that it is of. */
export type SpanOfProcess = KeptSpan & { readonly service: string };

/** One with those that it is the parent of, in the order in which they began. */
export type SpanNode = SpanOfProcess & { readonly children: readonly SpanNode[] };

export interface FoundTraces {
  /** Some process keeps traces at all. */
  readonly keeps: boolean;
  /** By trace, oldest first. */
  readonly traces: readonly { readonly traceId: string; readonly spans: readonly SpanOfProcess[] }[];
  readonly problems: readonly TraceProblem[];
}

/** What is kept of an order, anywhere. Never rejects because of a process that is away. */
export async function findTraces(deps: TracesDeps, orderId: string): Promise<FoundTraces> {
  const first = await askAll(deps, { orderId, traceIds: [] });
  const traceIds = [...new Set(first.answers.flatMap((answer) => answer.traceIds))].slice(-MOST_TRACES);
  const second = traceIds.length === 0 ? NOBODY : await askAll(deps, { orderId: null, traceIds });
  // A process that runs several modules has answered for each of them.
  const spans = new Map<string, SpanOfProcess>();
  for (const { service, spans: kept } of second.answers)
    for (const span of kept) spans.set(span.spanId, { ...span, service });
  const byTrace = Map.groupBy(spans.values(), ({ traceId }) => traceId);
  const traces = [...byTrace].map(([traceId, found]) => ({ traceId, spans: found.sort(byStart) }));
  const problems = new Map([...first.problems, ...second.problems].map((each) => [JSON.stringify(each), each]));
  return {
    keeps: first.answers.some(({ keeps }) => keeps),
    traces: traces.sort((a, b) => (a.spans[0]?.startMs ?? 0) - (b.spans[0]?.startMs ?? 0)),
    problems: [...problems.values()],
  };
}

interface Asked {
  readonly answers: readonly KeptAnswer[];
  readonly problems: readonly TraceProblem[];
}

const NOBODY: Asked = { answers: [], problems: [] };

async function askAll({ modules, own, ask, replicas }: TracesDeps, question: KeptQuestion): Promise<Asked> {
  const answers: KeptAnswer[] = [ask(question)];
  const problems: TraceProblem[] = [];
  async function askModule(module: string) {
    const { found, problem } = await askReplicas(replicas, tracesRpc(module), question, own.includes(module));
    if (problem !== null) problems.push({ module, problem });
    for (const replica of found)
      if ("answer" in replica) answers.push(replica.answer);
      else problems.push({ module, problem: replica.problem });
  }
  await Promise.all(modules.map(askModule));
  return { answers, problems };
}

const byStart = (a: KeptSpan, b: KeptSpan) => a.startMs - b.startMs || (a.spanId < b.spanId ? -1 : 1);

/** The spans of a trace as trees. One whose parent is not among them, such as the caller's, is a root. */
export function treesOf(spans: readonly SpanOfProcess[]): readonly SpanNode[] {
  const present = new Set(spans.map(({ spanId }) => spanId));
  const byParent = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId !== null && present.has(parentSpanId) ? parentSpanId : null,
  );
  const node = (span: SpanOfProcess): SpanNode => ({
    ...span,
    children: (byParent.get(span.spanId) ?? []).map(node),
  });
  return (byParent.get(null) ?? []).map(node);
}
