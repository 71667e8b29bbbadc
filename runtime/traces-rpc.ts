/** What each process answers of the traces that it keeps in memory; operators ask all of them through the edge. */
import * as z from "zod";
import { answers, defineRpc, type RpcHandler } from "./rpc/port.ts";
import type { KeptTraces } from "./telemetry/kept-traces.ts";

const spanId = z.string().regex(/^[0-9a-f]{16}$/);
export const traceIdSchema = z.string().regex(/^[0-9a-f]{32}$/);
const place = z.object({ traceId: traceIdSchema, spanId });

const keptSpanSchema = place.extend({
  parentSpanId: spanId.nullable(),
  name: z.string(),
  kind: z.enum(["server", "client", "producer", "consumer"]),
  startMs: z.number(),
  endMs: z.number(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  links: z.array(place).readonly(),
  error: z.string().nullable(),
});
export type KeptSpan = z.infer<typeof keptSpanSchema>;

/** Traces in one question, at most. */
export const MOST_TRACES = 20;

/** The method that every module answers in each of its processes: what is kept about an order, and of some traces. */
export const tracesRpc = (module: string) =>
  defineRpc({
    module,
    name: "traces",
    request: z.object({ orderId: z.string().nullable(), traceIds: z.array(traceIdSchema).max(MOST_TRACES).readonly() }),
    response: z.object({
      keeps: z.boolean(),
      /** The process, as traces call it. */
      service: z.string(),
      /** Of the traces that have to do with the order: the last of them, oldest first. */
      traceIds: z.array(traceIdSchema).readonly(),
      spans: z.array(keptSpanSchema).readonly(),
    }),
  });
export type KeptAnswer = z.infer<ReturnType<typeof tracesRpc>["response"]>;
export type KeptQuestion = z.infer<ReturnType<typeof tracesRpc>["request"]>;

/** What this process answers. */
export const askKept =
  (service: string, kept: KeptTraces | undefined) =>
  ({ orderId, traceIds }: KeptQuestion): KeptAnswer => ({
    keeps: kept !== undefined,
    service,
    traceIds: orderId === null ? [] : (kept?.about(orderId) ?? []).slice(-MOST_TRACES),
    spans: (kept?.spansOf(traceIds) ?? []).map((span) => ({ ...span, links: [...span.links].map(placeOf) })),
  });

const placeOf = ({ traceId, spanId: id }: { readonly traceId: string; readonly spanId: string }) => ({
  traceId,
  spanId: id,
});

/** The methods of the modules that run here. */
export const tracesHandlers = (modules: readonly string[], ask: (question: KeptQuestion) => KeptAnswer) =>
  modules.map((module): RpcHandler => answers(tracesRpc(module), async (question) => ask(question)));
