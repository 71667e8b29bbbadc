import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { UsageError } from "../../runtime/cli/arguments.ts";
import { bytesFor, requireRoom } from "./disk-room.ts";

const template = { tables: [{ name: "a", lines: ["x".repeat(99), "x".repeat(899)] }] };

test("what is needed grows with the orders and with the rows of one", () => {
  const empty = bytesFor(0, template);
  expect(empty).toBeGreaterThan(0);
  expect(bytesFor(1_000, template) - empty).toBeCloseTo(1_000 * 1_000 * 1.7, -1);
});

test("a disk that is too small is refused with both sizes and what to do; one that is not is told of", async () => {
  expect(await requireRoom(tmpdir(), 10, 1)).toContain("10 orders take some 0.0 GB, and");
  const refusal = requireRoom(tmpdir(), 10_000_000, 1e18);
  await expect(refusal).rejects.toThrow(UsageError);
  await expect(refusal).rejects.toThrow(
    /^10000000 orders take some 1000000000.0 GB, and .* GB free: give fewer with --orders N/,
  );
});
