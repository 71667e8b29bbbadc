import { expect, test } from "bun:test";
import { forEachLine } from "./lines.ts";

test("lines come whole, however they are cut, and the last one without its end", async () => {
  const bytes = new TextEncoder().encode("one\n\nzwei: ü\nlast");
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const lines: string[] = [];
  await forEachLine(stream, (line) => lines.push(line));
  expect(lines).toEqual(["one", "", "zwei: ü", "last"]);
});
