/** Operators' entries in the audit log, beside the effects that they tell of. */
import { expect, test } from "bun:test";
import type { Database } from "../database/port.ts";
import type { CommandAudit } from "./audit.ts";
import { type AuditFilter, readAudit } from "./audit-rpc.ts";
import { ids, incoming, newKey, testBench } from "./replicas.fixture.ts";
import { openTally } from "./tally.fixture.ts";

const bench = testBench();

const auditOf = (key: string, change: Partial<CommandAudit> = {}): CommandAudit => ({
  id: ids.next(),
  subject: "olga",
  issuer: "the issuer",
  action: "POST /tallies/{id}",
  objects: { id: key },
  traceId: null,
  scope: null,
  key,
  ...change,
});
const entriesOf = (key: string) => readAudit(bench.database, null, 100, { key });

test("a command that is accepted leaves its entry in its own commit; one that is refused or throws leaves none", async () => {
  const replica = await bench.replica();
  const key = newKey();
  const operator = auditOf(key, { traceId: "0af7651916cd43dd8448eb211c80319c" });
  await replica.run(openTally, key, { name: "opened", add: 1 }, { operator });
  const [entry, ...more] = await entriesOf(key);
  expect(more).toEqual([]);
  expect(entry).toEqual({ ...operator, outcome: "done", atMs: expect.any(Number) });

  const refused = newKey();
  await replica.run(openTally, refused, { name: "refused", refuse: true }, { operator: auditOf(refused) });
  const thrown = replica.run(openTally, refused, { name: "thrown", boom: "a bug" }, { operator: auditOf(refused) });
  await expect(thrown).rejects.toThrow("a bug");
  expect(await bench.total(refused)).toBeUndefined();
  expect(await entriesOf(refused)).toEqual([]);
});

test("what nobody answers for is committed with its entry or without both; a repetition under the key adds none", async () => {
  const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
  const key = newKey();
  const idempotency = { scope: ids.next(), bodyHash: ids.next(), status: 201, reference: key };
  const request = () => ({ idempotency, operator: auditOf(key, { scope: idempotency.scope }) });
  one.faults.loseAnswers = 1;
  const answers = await Promise.all(
    [one, two, one, two].map((each) => each.run(openTally, key, { name: "once", add: 1 }, request())),
  );
  expect(answers.filter(({ kind }) => kind === "decided").length).toBeLessThan(2);
  expect(await bench.total(key)).toBe(1);
  expect(await entriesOf(key)).toHaveLength(1);
});

test("letting a dead letter go is noted before anything is done, once for a key", async () => {
  const [broken, mended] = await Promise.all([bench.replica(), bench.replica({ mended: true })]);
  const key = newKey();
  await broken.deliver(incoming(key, 1, { name: "first", boom: "a bug" }));
  const place = { key, source: "genai-demo.tally.commands.v1", sequence: 1 };
  const claim = { scope: ids.next(), bodyHash: ids.next() };
  const audit = () => auditOf(key, { scope: claim.scope });
  expect(await mended.running.letters.replay(place, claim, audit())).toMatchObject({ kind: "done" });
  expect(await mended.running.letters.replay(place, claim, audit())).toMatchObject({ kind: "done" });
  expect(await entriesOf(key)).toMatchObject([{ outcome: "begun", subject: "olga" }]);
  // There is no such letter any more, so nothing is begun.
  expect(await mended.running.letters.discard(place, "gone", null, auditOf(key))).toEqual({ kind: "unknown" });
  expect(await entriesOf(key)).toHaveLength(1);
});

test("the module's role adds to the log, and can neither change nor delete what is in it", async () => {
  const replica = await bench.replica();
  const key = newKey();
  await replica.run(openTally, key, { name: "kept", add: 1 }, { operator: auditOf(key) });
  for (const forbidden of ["update audit set subject = 'nobody'", "delete from audit", "truncate audit"])
    await expect(bench.rows(forbidden)).rejects.toMatchObject({ sqlState: "42501" });
  expect(await entriesOf(key)).toMatchObject([{ subject: "olga" }]);
});

test("entries are found by who, what and when, the newest first, page by page", async () => {
  const replica = await bench.replica();
  const subject = newKey();
  const made: string[] = [];
  for (const action of ["POST /a", "POST /b", "POST /a", "POST /b"]) {
    const key = newKey();
    const operator = auditOf(key, { subject, action });
    made.unshift(operator.id);
    await replica.run(openTally, key, { name: "one", add: 1 }, { operator });
  }
  const all = await readAudit(bench.database, null, 100, { subject });
  expect(all.map(({ id }) => id)).toEqual(made);
  const [first, second] = all;
  if (!first || !second) throw new Error("four were made");
  const after = { atMs: first.atMs, id: first.id, with: false };
  expect((await readAudit(bench.database, after, 2, { subject })).map(({ id }) => id)).toEqual(made.slice(1, 3));
  const including = await readAudit(bench.database, { ...after, with: true }, 1, { subject });
  expect(including.map(({ id }) => id)).toEqual(made.slice(0, 1));
  expect(await readAudit(bench.database, null, 100, { subject, action: "POST /a" })).toHaveLength(2);
  expect(await readAudit(bench.database, null, 100, { subject, fromMs: first.atMs + 1 })).toEqual([]);
  expect(await readAudit(bench.database, null, 100, { subject, untilMs: -1e15, fromMs: -1e15 })).toEqual([]);
  expect(await readAudit(bench.database, null, 100, { subject, untilMs: 1e15 })).toHaveLength(4);
});

test.each<[string, AuditFilter, string, string]>([
  ["of everybody", {}, "audit_order", "ROW(at, id) < ROW("],
  ["of a time", { fromMs: 1 }, "audit_order", "at >= "],
  ["of an order", { key: "a" }, "audit_key", "key = "],
])("a page %s begins at its place in an index, whatever the parameters", async (_what, filter, index, bound) => {
  const plans: string[] = [];
  const watched: Database = {
    ...bench.database,
    async query({ text }) {
      const plan = await bench.rows(`explain (generic_plan) ${text}`);
      plans.push(plan.map((row) => Object.values(row).join()).join("\n"));
      return [];
    },
  };
  await readAudit(watched, { atMs: 5_000, id: ids.next(), with: false }, 10, filter);
  expect(plans).toHaveLength(1);
  expect(plans[0]).not.toContain("Sort");
  expect(plans[0]).toContain(index);
  const [condition = ""] = /Index Cond: .*/.exec(plans[0] ?? "") ?? [];
  expect(condition).toContain("ROW(at, id) < ROW(");
  expect(condition).toContain(bound);
});
