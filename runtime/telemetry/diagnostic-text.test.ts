import { expect, test } from "bun:test";
import { diagnosticText } from "./diagnostic-text.ts";

test("all parts are told, not only the first", () => {
  expect(diagnosticText(["Received Partial Success response:", '{"rejectedSpans":"3","errorMessage":"no room"}'])).toBe(
    'Received Partial Success response: {"rejectedSpans":"3","errorMessage":"no room"}',
  );
  expect(
    diagnosticText(["OTLPExportDelegate", "Export succeeded", new Error("unexpected end"), Buffer.from("x")]),
  ).toBe("OTLPExportDelegate Export succeeded unexpected end");
});

test("an error is told by what it says, without its stack, and with the beginning of what was answered", () => {
  const error = { message: "Bad Request", code: "400", name: "OTLPExporterError", stack: "at line 1", line: "60" };
  expect(diagnosticText([JSON.stringify({ ...error, data: `${"no ".repeat(200)}` })])).toBe(
    `OTLPExporterError: Bad Request (400): ${"no ".repeat(100)}…`,
  );
  expect(diagnosticText([JSON.stringify(error)])).toBe("OTLPExporterError: Bad Request (400)");
  expect(diagnosticText([JSON.stringify({ message: "connect ECONNREFUSED", code: "ECONNREFUSED" })])).toBe(
    "Error: connect ECONNREFUSED",
  );
});

test("what only looks like an error is told as it is", () => {
  for (const text of ["{oops", '{"message":3}', "{}", ""]) expect(diagnosticText([text])).toBe(text);
});
