/** A collector for tests: keeps what processes send over OTLP/HTTP, on loopback. */
import * as z from "zod";

const value = z
  .union([
    z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
    z.object({ intValue: z.union([z.number(), z.string()]) }).transform(({ intValue }) => Number(intValue)),
    z.object({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
    z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  ])
  .or(z.unknown().transform((other) => JSON.stringify(other)));
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((list) => Object.fromEntries(list.map((each) => [each.key, each.value])));
const span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().default(""),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes,
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z.object({ code: z.int().default(0), message: z.string().optional() }),
});
const traces = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

/** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
export type RecordedSpan = z.infer<typeof span> & { readonly service: string };

export interface OtlpRecorder {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** All that has come so far, in the order in which it came. */
  spans(): readonly RecordedSpan[];
  /** The last bodies that came for a signal, as they were sent. */
  bodies(signal: "traces" | "metrics"): readonly string[];
  /** What could not be read, in a line each; none unless somebody sent what is no OTLP. */
  faults(): readonly string[];
  stop(): void;
}

const BODIES_KEPT = 200;

export function recordOtlp(): OtlpRecorder {
  const spans: RecordedSpan[] = [];
  const faults: string[] = [];
  const bodies = { traces: [] as string[], metrics: [] as string[] };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const text = await request.text();
      if (pathname === "/v1/metrics") keep(bodies.metrics, text);
      else if (pathname === "/v1/traces") {
        keep(bodies.traces, text);
        const read = traces.safeParse(JSON.parse(text));
        if (!read.success) faults.push(z.prettifyError(read.error).slice(0, 500));
        for (const { resource, scopeSpans } of read.data?.resourceSpans ?? [])
          for (const scope of scopeSpans)
            for (const each of scope.spans)
              spans.push({ ...each, service: String(resource.attributes["service.name"]) });
      } else faults.push(`somebody asked for ${pathname}`);
      return Response.json({});
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    spans: () => spans,
    bodies: (signal) => bodies[signal],
    faults: () => faults,
    stop: () => void server.stop(true),
  };
}

function keep(texts: string[], text: string) {
  texts.push(text);
  if (texts.length > BODIES_KEPT) texts.shift();
}
