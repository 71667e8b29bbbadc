import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuProfileTable, statementSummary, table } from "./profile.ts";

let scratch = "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-profile-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

test("time is told by function, and charged to the nearest function of ours", async () => {
  expect(await cpuProfileTable(scratch)).toContain("no CPU profile was written");
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 9 });
  const nodes = [
    { id: 1, callFrame: frame("(root)", ""), children: [2, 5] },
    { id: 2, callFrame: frame("save", "/place/runtime/messages/batch.ts"), children: [3] },
    { id: 3, callFrame: frame("build", "/place/node_modules/postgres/src/connection.js"), children: [4] },
    { id: 4, callFrame: frame("write", "") },
    { id: 5, callFrame: frame("idle", "") },
  ];
  const profile = { nodes, samples: [2, 3, 4, 5], timeDeltas: [1000, 2000, 3000, 4000] };
  await Bun.write(join(scratch, "CPU.1.cpuprofile"), JSON.stringify(profile));
  const [bySelf, byOwner] = (await cpuProfileTable(scratch)).split("\n\n");
  expect(bySelf).toMatch(/4\s+40\.0 %\s+idle/);
  expect(byOwner).toMatch(/6\s+60\.0 %\s+save {2}runtime\/messages\/batch\.ts:10/);
  expect(byOwner).toMatch(/4\s+40\.0 %\s+idle/);
});

test("a statement of many writes is told by its writes", () => {
  const query = `with w0 as (update "orders" t set x = 1 returning 1), w1 as (insert into history (a) select 1) delete from outbox o using x`;
  expect(statementSummary(query)).toBe("update orders, insert history, delete outbox");
  expect(statementSummary("select a\n  from b")).toBe("select a from b");
});

test("columns line up", () => {
  expect(
    table([
      ["a", "b"],
      ["100", "c"],
    ]),
  ).toBe("  a  b\n100  c");
});
