import { expect, test } from "bun:test";
import { RpcUnavailable } from "../rpc/port.ts";
import { HostUnknown, type Replicas } from "../rpc/replicas.ts";
import { keepTraces } from "../telemetry/kept-traces.ts";
import type { EndedSpan } from "../telemetry/span.ts";
import { askKept } from "../traces-rpc.ts";
import { findTraces, type SpanNode, treesOf } from "./traces.ts";

const ORDER = "order-1";
const TRACE = "a".repeat(32);
const OTHER = "b".repeat(32);
const idOf = (n: number) => String(n).padStart(16, "0");

const span = (n: number, parent: number | null, startMs: number, more: Partial<EndedSpan> = {}): EndedSpan => ({
  traceId: TRACE,
  spanId: idOf(n),
  parentSpanId: parent === null ? null : idOf(parent),
  name: `span ${n}`,
  kind: "consumer",
  startMs,
  endMs: startMs + 1,
  attributes: {},
  links: [],
  error: null,
  ...more,
});

function processOf(service: string, spans: readonly EndedSpan[]) {
  const kept = keepTraces(100);
  for (const each of spans) kept.keep(each);
  return askKept(service, kept);
}

/** Asks the processes that are given for a module; what is no process is thrown, or is why one does not answer. */
const replicasOf = (
  found: Readonly<Record<string, readonly (ReturnType<typeof processOf> | string)[] | Error>>,
): Replicas => ({
  async ask(method, question) {
    const processes = found[method.module] ?? [];
    if (processes instanceof Error) throw processes;
    return processes.map((each, index) => {
      const address = `http://10.0.0.${index}:8081`;
      if (typeof each === "string") return { address, problem: each };
      return { address, answer: method.response.parse(each(question as Parameters<typeof each>[0])) };
    });
  },
});

const shapeOf = (nodes: readonly SpanNode[]): unknown =>
  nodes.map(({ name, service, children }) => [
    `${service} ${name}`,
    ...(children.length > 0 ? [shapeOf(children)] : []),
  ]);

test("a trace is put together from all processes, those that never learnt whose it is as well", async () => {
  const own = processOf("order", [span(1, null, 10, { attributes: { "app.order.id": ORDER } }), span(4, 3, 40)]);
  const pricing = processOf("pricing", [span(2, 1, 20)]);
  const payment = processOf("payment", [span(3, 1, 15), span(9, null, 0, { traceId: OTHER })]);
  const deps = { modules: ["order", "pricing", "payment"], own: ["order"], ask: own };
  // It stands with two modules, as a process of several does.
  const replicas = replicasOf({ order: [own], pricing: [pricing, payment], payment: [payment] });
  const found = await findTraces({ ...deps, replicas }, ORDER);
  expect([found.keeps, found.problems]).toEqual([true, []]);
  expect(found.traces.map(({ traceId, spans }) => [traceId, shapeOf(treesOf(spans))])).toEqual([
    [TRACE, [["order span 1", [["payment span 3", [["order span 4"]]], ["pricing span 2"]]]]],
  ]);
});

test("who does not answer is named once, and hides nobody", async () => {
  const own = processOf("order", [span(1, null, 10, { attributes: { "app.order.id": ORDER } })]);
  const replicas = replicasOf({
    order: new HostUnknown("no address is known for order"),
    pricing: ["it is away"],
    payment: new RpcUnavailable("the name service said nothing"),
  });
  const found = await findTraces(
    { modules: ["order", "pricing", "payment"], own: ["order"], ask: own, replicas },
    ORDER,
  );
  expect(found.traces).toHaveLength(1);
  expect(found.problems).toEqual([
    { module: "pricing", problem: "it is away" },
    { module: "payment", problem: "the name service said nothing" },
  ]);
});

test("where nothing is kept it says so", async () => {
  const deps = { modules: ["order"], own: ["order"], ask: askKept("genai-demo", undefined), replicas: undefined };
  expect(await findTraces(deps, ORDER)).toEqual({ keeps: false, traces: [], problems: [] });
});

test("a span whose parent is elsewhere begins a tree", () => {
  const orphans = [span(5, 99, 3), span(6, 5, 4)].map((each) => ({ ...each, links: [], service: "s" }));
  expect(shapeOf(treesOf(orphans))).toEqual([["s span 5", [["s span 6"]]]]);
});
