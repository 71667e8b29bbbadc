import { expect, test } from "bun:test";
import { virtualTime } from "../../virtual-time.fixture.ts";
import { createLineOutput, type LineStream } from "./line-output.ts";

/** A stream whose reader reads when it is told to. */
function bench(limitBytes?: number) {
  const { scheduler, advance, ...time } = virtualTime();
  const written: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const stream: LineStream = {
    write(text, done) {
      written.push(text);
      waiting.push(done);
    },
    on: () => undefined,
  };
  const output = createLineOutput(stream, scheduler, limitBytes);
  return { output, written, advance, time, read: (error?: Error) => waiting.shift()?.(error) };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

test("the first line goes at once, what comes while it is under way goes together and in order", () => {
  const { output, written, read } = bench();
  for (const line of ["one", "two", "three"]) output.write(line);
  expect(written).toEqual(["one\n"]);
  read();
  expect(written).toEqual(["one\n", "two\nthree\n"]);
  read();
  output.write("four");
  expect(written.at(-1)).toBe("four\n");
});

test("while nobody reads, memory is bounded; what found no room is counted, and told when there is some", () => {
  const { output, written, read } = bench(1000);
  for (let n = 0; n < 10_000; n++) output.write("x".repeat(99));
  // One is under way, ten wait.
  expect(output.takeLost()).toBe(0);
  read();
  expect(written.map((text) => text.length)).toEqual([100, 1000]);
  expect(output.takeLost()).toBe(10_000 - 11);
  expect(output.takeLost()).toBe(0);
});

test("a burst is handed over in parts", () => {
  const { output, written, read } = bench();
  output.write("first");
  for (let n = 0; n < 2000; n++) output.write("y".repeat(99));
  for (let n = 0; n < 10; n++) read();
  expect(Math.max(...written.map((text) => text.length))).toBeLessThan(66_000);
  expect(written.join("").split("\n")).toHaveLength(2002);
});

test("a reader that has gone is written to no more", () => {
  const { output, written, read } = bench();
  output.write("one");
  output.write("two");
  read(failure("EPIPE"));
  output.write("three");
  expect(written).toEqual(["one\n"]);
  expect(output.takeLost()).toBe(0);
});

test("a disk that is full loses lines and may have room again", () => {
  const { output, written, read } = bench();
  output.write("one");
  read(failure("ENOSPC"));
  expect(output.takeLost()).toBe(1);
  output.write("two");
  read();
  expect(written).toEqual(["one\n", "two\n"]);
});

test("the end waits for what is queued, and not for a reader that does not read", async () => {
  const { output, read, advance, time } = bench();
  await output.end(500);
  output.write("one");
  output.write("two");
  let ends = 0;
  const end = () => void output.end(500).then(() => ends++);
  end();
  await advance(10);
  read();
  await advance(0);
  expect(ends).toBe(0);
  read();
  await advance(0);
  expect(ends).toBe(1);
  expect(time.pending).toBe(0);

  output.write("three");
  end();
  await advance(499);
  expect(ends).toBe(1);
  await advance(1);
  expect(ends).toBe(2);
});
