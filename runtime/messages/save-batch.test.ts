import { describe, expect, test } from "bun:test";
import { type BatchPlan, emptyPlan } from "./batch-plan.ts";
import { type StatementShape, saveStatement } from "./save-batch.ts";
import { type Pot, type Tally, tally } from "./tally.fixture.ts";

type Plan = BatchPlan<Tally, Pot>;
const module = tally({ shared: true });
const positions = { in: {}, out: {} };

function planOf(keys: readonly string[], version: number): Plan {
  const plan = emptyPlan<Tally, Pot>(
    keys.map((key) => ({ key, state: { id: key, total: 1 }, version, positions })),
    new Map(),
  );
  for (const working of plan.working.values()) working.dirty = true;
  return plan;
}
const save = (plan: Plan, shape: StatementShape = new Map()) => saveStatement(module, plan, [], 0, shape);
const timer = (key: string, dueMs: number) => ({ shard: 0, key, kind: "ring", dueMs });
/** Parameter and expected count of the write that has this label. */
function written(plan: Plan, label: string) {
  const statement = save(plan);
  const parts = [...(statement?.text ?? "").matchAll(/^(?:with )?w\d+ as \((?:.|\n)*?\$(\d+)::/gm)];
  const guard = new RegExp(`w(\\d+)\\), \\$(\\d+)::bigint, '${label}'`).exec(statement?.text ?? "");
  const rows = JSON.parse(String(statement?.params[Number(parts[Number(guard?.[1])]?.[1]) - 1]));
  return { rows, expected: statement?.params[Number(guard?.[2]) - 1] };
}

describe("the statement of a batch", () => {
  test("is none when nothing changed", () => {
    const plan = planOf(["a"], 1);
    for (const working of plan.working.values()) working.dirty = false;
    expect(save(plan)).toBeUndefined();
  });

  test("has the same text for the same writes, whatever and however many the rows", () => {
    const shape: StatementShape = new Map();
    const one = save(planOf(["a"], 1), shape);
    const two = save(planOf(["b", "c"], 7), shape);
    expect(one?.text).toBe(String(two?.text));
    expect(one?.params).not.toEqual(two?.params);
  });

  test("of a busy lane keeps one text once it has had all its writes", () => {
    const shape: StatementShape = new Map();
    const keys = Array.from({ length: 24 }, (_, index) => `key-${index}`);
    const full = planOf(keys, 1);
    full.timersSet.set("key-0 ring", timer("key-0", 5));
    full.idempotency.push({ scope: "s", bodyHash: "b", status: 1, reference: "r" });
    const busy = save(full, shape);
    const bare = save(planOf(keys, 1), shape);
    expect(bare?.text).toBe(String(busy?.text));
    expect(bare?.params).toContain("[]");
  });

  test("guards rows by version, sorted by key, and tells new rows from known ones", () => {
    const updates = written(planOf(["b", "a"], 4), 'update "tally"');
    expect(updates.rows.map((row: { id: string; version: number }) => [row.id, row.version])).toEqual([
      ["a", 5],
      ["b", 5],
    ]);
    expect(updates.expected).toBe(2);
    const inserts = written(planOf(["a"], 0), 'insert "tally"');
    expect(inserts.rows).toMatchObject([{ id: "a", version: 1, marks_known: false }]);
    expect(inserts.expected).toBe(1);
  });

  test("guards keys, fired timers, ended intents, marks, entries and shared rows", () => {
    const plan = planOf([], 0);
    plan.idempotency.push(
      { scope: "z", bodyHash: "b", status: 1, reference: "r" },
      { scope: "a", bodyHash: "b", status: 1, reference: "r" },
    );
    plan.timersFired.push(timer("a", 5));
    plan.intentsDone.push({ shard: 1, id: "i", key: "a", kind: "k", request: "{}", begun: true });
    plan.marks.push({ key: "z", topic: "t", before: 1, sequence: 2 }, { key: "a", topic: "t", before: 0, sequence: 1 });
    plan.entries.set("effect", [{ id: "i", key: "a", what: "w" }]);
    plan.shared.set("p", { name: "p", amount: 1 });
    plan.changedShared.add("p");
    expect(written(plan, "idempotency keys").rows.map(({ scope }: { scope: string }) => scope)).toEqual(["a", "z"]);
    expect(written(plan, "inbox marks").rows.map(({ key }: { key: string }) => key)).toEqual(["a", "z"]);
    for (const [label, expected] of [
      ["idempotency keys", 2],
      ["timers fired", 1],
      ["call intents done", 1],
      ["inbox marks", 2],
      // Marks stand beside no row: there must be none.
      ['"tally" without a row', 0],
      ['insert "effect"', 1],
      ["update pot", 1],
    ] as const)
      expect([label, written(plan, label).expected]).toEqual([label, expected]);
    // Keys are looked at before rows.
    const text = save(plan)?.text ?? "";
    expect(text.indexOf("'idempotency keys'")).toBeLessThan(text.indexOf("'update pot'"));
  });

  test("moves a timer that fired and was set again, in one write and guarded by its old time", () => {
    const plan = planOf([], 0);
    plan.timersFired.push(timer("a", 5), timer("b", 6));
    plan.timersSet.set("a ring", timer("a", 50));
    plan.timersSet.set("c ring", timer("c", 70));
    const moved = written(plan, "timers fired and set again");
    expect(moved.rows).toMatchObject([
      { key: "a", due_at: new Date(5).toISOString(), new_due_at: new Date(50).toISOString() },
    ]);
    expect(written(plan, "timers fired").rows).toMatchObject([{ key: "b" }]);
    expect(save(plan)?.params.filter((param) => String(param).includes('"c"'))).toHaveLength(1);
  });

  test("does not take another module's text for its own when tables have the same name", () => {
    const other = {
      ...module,
      aggregate: { ...module.aggregate, update: { label: 'update "tally"', sql: "select 1 -- other $::json" } },
    };
    save(planOf(["a"], 1));
    expect(saveStatement(other, planOf(["a"], 1), [], 0, new Map())?.text).toContain("-- other");
  });

  test("says which table is not declared", () => {
    const plan = planOf([], 0);
    plan.entries.set("nowhere", [{}]);
    expect(() => save(plan)).toThrow("nowhere");
  });
});
