import * as z from "zod";
import { type Route, route } from "../http/route.ts";
import { traceIdSchema } from "../traces-rpc.ts";
import { findTraces, type SpanNode, type TracesDeps, treesOf } from "./traces.ts";

const spanIdSchema = z.string().meta({ example: "00f067aa0ba902b7" });

const nodeSchema = z
  .strictObject({
    spanId: spanIdSchema,
    parentSpanId: spanIdSchema.nullable(),
    name: z.string().meta({ example: "handle ReserveStock" }),
    kind: z.enum(["server", "client", "producer", "consumer"]),
    module: z.string(),
    service: z.string().describe("The process, as traces call it: its module, or genai-demo where it runs several."),
    offsetMs: z.number().describe("When it began, counted from the beginning of the trace."),
    durationMs: z.number().nonnegative(),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    links: z
      .array(z.strictObject({ traceId: traceIdSchema, spanId: spanIdSchema }))
      .describe("Spans of others that the same work was done for, such as one statement for a batch."),
    error: z.string().nullable().describe("What kind of error it ended with."),
    get children(): z.ZodArray<typeof nodeSchema> {
      return z.array(nodeSchema);
    },
  })
  .meta({ id: "TraceSpan" });
type Node = z.infer<typeof nodeSchema>;

export const tracesSchema = z.strictObject({
  kept: z.boolean().describe("Traces are kept in memory here (TRACES_KEPT). Where not, look in X-Ray."),
  traces: z.array(
    z.strictObject({
      traceId: traceIdSchema,
      startedAt: z.iso.datetime(),
      durationMs: z.number().nonnegative(),
      spanCount: z.int().nonnegative(),
      spans: z.array(nodeSchema).describe("What began it: spans whose parent is not kept here, oldest first."),
    }),
  ),
  problems: z
    .array(z.strictObject({ module: z.string(), problem: z.string() }))
    .describe("Who did not say what it keeps, and why."),
});

/** `GET /api/v1/ops/traces?orderId=`: where an order has been, and how long it took there. */
export const tracesRoute = (deps: TracesDeps): Route =>
  route({
    method: "GET",
    path: "/api/v1/ops/traces",
    rights: { callers: "operators", scope: "ops:read", object: "shared" },
    tag: "ops",
    summary: "An order's traces",
    description:
      "Every trace that has to do with the order, as a tree of spans: requests, messages, statements, calls, through all modules, wherever they run. Put together from what each process keeps in memory, so only the last ones are there, only what was sampled, and nothing of processes that have ended. At most the last 20 traces.",
    query: z.strictObject({ orderId: z.uuid().meta({ example: "01890f3e-7b1c-7cc2-b5f1-2b1d6f0a4e11" }) }),
    responses: { 200: { description: "What was found; none for an order that nobody knows.", schema: tracesSchema } },
    async handle({ query: { orderId } }) {
      const { keeps, traces, problems } = await findTraces(deps, orderId);
      const body: z.infer<typeof tracesSchema> = {
        kept: keeps,
        traces: traces.map(({ traceId, spans }) => {
          const startMs = Math.min(...spans.map((span) => span.startMs));
          const endMs = Math.max(...spans.map((span) => span.endMs));
          return {
            traceId,
            startedAt: new Date(startMs).toISOString(),
            durationMs: rounded(endMs - startMs),
            spanCount: spans.length,
            spans: treesOf(spans).map((span) => shown(span, startMs)),
          };
        }),
        problems: [...problems],
      };
      return { status: 200, body };
    },
  });

function shown(span: SpanNode, traceStartMs: number): Node {
  const { spanId, parentSpanId, name, kind, service, attributes, links, error } = span;
  const { "app.module": module, ...others } = attributes;
  return {
    spanId,
    parentSpanId,
    name,
    kind,
    module: String(module ?? ""),
    service,
    offsetMs: rounded(span.startMs - traceStartMs),
    durationMs: rounded(span.endMs - span.startMs),
    attributes: others,
    links: [...links],
    error,
    children: span.children.map((child) => shown(child, traceStartMs)),
  };
}

/** To microseconds, which is all that the clock tells. */
const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
