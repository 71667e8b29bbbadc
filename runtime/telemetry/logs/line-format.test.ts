import { describe, expect, test } from "bun:test";
import type { LogEntry } from "../../log.ts";
import { jsonLine, textLine } from "./line-format.ts";

const AT = new Date(2027, 0, 15, 9, 5, 7, 42).getTime();
const entry = (fields: LogEntry["fields"], over: Partial<LogEntry> = {}): LogEntry => ({
  timeMs: AT,
  level: "warn",
  event: "call.failed",
  fields,
  ...over,
});

describe("JSON", () => {
  test("is one line whatever it holds, with what joins lines first", () => {
    const line = jsonLine(
      entry({ error: 'Error: "a"\n    at b', traceId: "t", orderId: "o", left: null, no: undefined }),
    );
    expect(line).not.toContain("\n");
    expect(Object.entries(JSON.parse(line))).toEqual([
      ["time", new Date(AT).toISOString()],
      ["level", "warn"],
      ["event", "call.failed"],
      ["orderId", "o"],
      ["traceId", "t"],
      ["error", 'Error: "a"\n    at b'],
      ["left", null],
    ]);
  });

  test("holds nothing that a terminal obeys or that ends a line elsewhere, and says the same", () => {
    const hostile = "\u009b31m \u0085 \u2028 \u202e \u2066 \u{e0041} \u007f";
    const line = jsonLine(entry({ error: hostile }));
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(line).error).toBe(hostile);
  });

  test("stays under what a container runtime takes as one line, and says what it left out", () => {
    const long = "\u{1F600}".repeat(50_000);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field${n}`, `${n}`]));
    for (const fields of [
      { error: long },
      { a: long, b: long, c: long, d: long },
      { list: Array.from({ length: 1000 }, () => long.slice(0, 400)) },
      many,
    ]) {
      const line = jsonLine(entry(fields));
      expect(Buffer.byteLength(line)).toBeLessThan(16_384);
      expect(JSON.parse(line)).toMatchObject({ event: "call.failed" });
    }
    expect(JSON.parse(jsonLine(entry({ error: "x".repeat(5000) }))).error).toEndWith("… (1000 characters more)");
    expect(JSON.parse(jsonLine(entry({ list: Array.from({ length: 53 }, String) }))).list.at(-1)).toBe("… and 3 more");
  });
});

describe("text", () => {
  test("is short: time of day, level, event, module, then what differs", () => {
    const fields = {
      service: "genai-demo",
      instance: "i",
      module: "payment",
      orderId: "o-1",
      key: "o-1",
      call: "capture",
    };
    expect(textLine(entry({ ...fields, error: "Error: no answer", tries: 3 }), false)).toBe(
      '09:05:07.042 WARN  call.failed payment orderId=o-1 call=capture error="Error: no answer" tries=3',
    );
  });

  test("a message stands as it is, and another key than the order's is said", () => {
    expect(textLine(entry({ message: "made a new database" }, { level: "info", event: "start" }), false)).toBe(
      "09:05:07.042 INFO  start made a new database",
    );
    expect(textLine(entry({ orderId: "o", key: "o:auth:1" }), false)).toEndWith("orderId=o key=o:auth:1");
  });

  test("a stack stands below, indented", () => {
    const error = "TypeError: broken\n      at one (a.ts:1:2)\n      at two (b.ts:3:4)";
    expect(textLine(entry({ error, after: 1 }), false).split("\n")).toEqual([
      '09:05:07.042 WARN  call.failed error="TypeError: broken" after=1',
      "    at one (a.ts:1:2)",
      "    at two (b.ts:3:4)",
    ]);
  });

  test("nothing that a value holds is obeyed by a terminal, and it cannot pose as a line of its own", () => {
    const evil = "\x1b[2J\x9b31m\u202egnp.exe\r\n09:00:00.000 INFO  ready";
    const line = textLine(entry({ path: evil, module: evil, message: evil, list: [evil] }), false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is tested.
    expect(line.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    for (const below of line.split("\n").slice(1)) expect(below).toStartWith("    ");
  });

  test("colours are there only where they are asked for", () => {
    const plain = textLine(entry({ error: "x", module: "m" }), false);
    const coloured = textLine(entry({ error: "x", module: "m" }), true);
    expect(plain).not.toContain("\x1b");
    expect(coloured).toContain("\x1b[33mWARN ");
    expect(Bun.stripANSI(coloured)).toBe(plain);
  });
});
