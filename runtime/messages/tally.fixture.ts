/**
 * A small module for the tests of the message core: an aggregate that counts, a ledger of effects without any
 * constraint (so that an effect had twice shows), shared rows, timers and calls. What a message or command does is
 * written in its data.
 */
import { integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { z } from "zod";
import { arrayLiteral } from "../database/array-literal.ts";
import { json } from "../database/columns.ts";
import { invariant } from "../invariant.ts";
import { aggregateStore, type Positions, type SharedStore } from "./aggregate.ts";
import { call, defineCall, onOutcome } from "./call.ts";
import { defineCommands, defineEvents, message, topicOf } from "./contract.ts";
import { type Command, type Decision, type DecisionContext, on, type TimerHandler } from "./decision.ts";
import { entryStore } from "./entry-store.ts";
import type { Messaging } from "./messaging.ts";

export const Instruction = z.object({
  name: z.string(),
  add: z.number().default(0),
  /** The handler throws it. */
  boom: z.string().optional(),
  /** No state, so a command is refused. */
  refuse: z.boolean().default(false),
  emit: z.number().default(0),
  timers: z.array(z.object({ kind: z.string(), dueMs: z.number() })).default([]),
  cancel: z.array(z.string()).default([]),
  calls: z.array(z.enum(["ask", "undo", "bad", "badUndo"])).default([]),
  /** Adds to a shared row. */
  pot: z.string().optional(),
  /** Unique over all tallies. */
  label: z.string().optional(),
});
export type Instruction = z.infer<typeof Instruction>;
export type Script = z.input<typeof Instruction>;

/** `Ignored`: nobody handles it. */
export const tallyCommands = defineCommands("tally", {
  Do: Instruction,
  Other: Instruction,
  Ignored: Instruction.partial(),
});
export const tallyEvents = defineEvents("tally", { Done: z.object({ name: z.string(), total: z.number() }) });
export const foreignEvents = defineEvents("foreign", { Happened: Instruction, Ignored: Instruction.partial() });

const tallies = pgTable("tally", {
  id: text("id").primaryKey(),
  total: integer("total").notNull(),
  label: text("label"),
  version: integer("version").notNull(),
  positions: json<Positions>("positions").notNull(),
});
/** Keys of most modules are UUIDs, so there are keys that it cannot be asked for. */
const uuidTallies = pgTable("uuid_tally", {
  id: uuid("id").primaryKey(),
  total: integer("total").notNull(),
  label: text("label"),
  version: integer("version").notNull(),
  positions: json<Positions>("positions").notNull(),
});
const effects = pgTable("effect", {
  id: uuid("id").primaryKey(),
  key: text("key").notNull(),
  what: text("what").notNull(),
});

export const TALLY_MIGRATION = {
  id: "0001_tally",
  sql: `create table tally (id text collate "C" primary key, total integer not null, label text unique, version integer not null,
      positions json not null);
    create table uuid_tally (id uuid primary key, total integer not null, label text, version integer not null,
      positions json not null);
    create table effect (id uuid primary key, key text not null, what text not null);
    -- What idempotency keys lead to.
    create table note (id uuid primary key, scope uuid, created_at timestamptz not null);
    create table pot (name text primary key, amount integer not null);
    -- While there is a row, no effect can be written, with this SQLSTATE.
    create table trouble (sql_state text primary key);
    create function fail_in_trouble() returns trigger language plpgsql as $$
    declare state text;
    begin
      select max(sql_state) into state from trouble;
      if state is not null then raise exception 'planted trouble' using errcode = state; end if;
      return new;
    end
    $$;
    create trigger trouble before insert on effect for each row execute function fail_in_trouble();`,
};

export interface Tally {
  readonly id: string;
  readonly total: number;
  readonly label?: string | null;
}

export interface Pot {
  readonly name: string;
  readonly amount: number;
}

export interface Ports {
  readonly make: (kind: string, request: string) => Promise<string>;
}

const potStore: SharedStore<Pot> = {
  lock: (names) => ({
    text: "select name, amount from pot where name = any($1::text[]) order by name for update",
    params: [arrayLiteral(names)],
  }),
  decode: (rows) =>
    new Map(rows.map((row) => [String(row.name), { name: String(row.name), amount: Number(row.amount) }])),
  encode: ({ name, amount }) => [{ name, amount }],
  update: {
    label: "update pot",
    sql: `update pot t set amount = x.amount from json_to_recordset($::text::json) as x(name text, amount integer)
      where t.name = x.name returning 1`,
  },
};

type Context = DecisionContext<Pot>;

const effect = (context: Context, what: string) => ({
  table: "effect",
  row: { id: context.ids.next(), key: context.key, what },
});

export function carryOut(state: Tally | undefined, given: Instruction, context: Context): Decision<Tally, Pot> {
  if (given.boom !== undefined) throw new Error(given.boom);
  if (given.refuse) return {};
  const total = (state?.total ?? 0) + given.add;
  const pot = given.pot === undefined ? undefined : (context.shared.get(given.pot) ?? { name: given.pot, amount: 0 });
  return {
    state: { ...state, id: context.key, total, ...(given.label === undefined ? {} : { label: given.label }) },
    entries: [effect(context, given.name)],
    messages: Array.from({ length: given.emit }, () => message(tallyEvents.Done, { name: given.name, total })),
    setTimers: given.timers,
    cancelTimers: given.cancel,
    calls: given.calls.map((kind) => call(kinds[kind], { from: given.name })),
    ...(pot ? { shared: new Map([[pot.name, { name: pot.name, amount: pot.amount + given.add }]]) } : {}),
  };
}

const kindOf = (kind: string, afterCrash: "ask" | "repeat") =>
  defineCall({ kind, peer: "far side", request: z.object({ from: z.string() }), answer: z.string(), afterCrash });
const kinds = {
  ask: kindOf("ask", "ask"),
  undo: kindOf("undo", "repeat"),
  bad: kindOf("bad", "ask"),
  badUndo: kindOf("badUndo", "repeat"),
};

const outcomeOf = (kind: keyof typeof kinds, mended: boolean) =>
  onOutcome<Tally, { from: string }, string, Ports, Pot>(
    kinds[kind],
    2000,
    (ports, request) => ports.make(kind, request.from),
    (state, request, outcome, context) => {
      if (kind.startsWith("bad") && !mended) throw new Error("cannot take this outcome");
      // As modules do: what the aggregate does not know of is ignored.
      if (!state || state.total === 0) return {};
      const said = outcome.kind === "answered" ? outcome.answer : outcome.kind;
      const pot = context.shared.get(ANSWERS);
      return {
        state,
        entries: [effect(context, `${kind} ${request.from}: ${said}`)],
        ...(pot ? { shared: new Map([[ANSWERS, { ...pot, amount: pot.amount + 1 }]]) } : {}),
      };
    },
    { shares: () => [ANSWERS] },
  );

/** The pot that counts outcomes, where there is one. */
const ANSWERS = "answers";

const timer = (kind: string, decide: TimerHandler<Tally, Pot>["decide"]): TimerHandler<Tally, Pot> => ({
  kind,
  decide,
});

function asMended(given: Instruction, mended: boolean): Instruction {
  const { boom, ...rest } = given;
  return mended && boom !== undefined && !boom.startsWith("still") ? rest : given;
}

const shares = (_state: Tally | undefined, given: Instruction) => (given.pot === undefined ? [] : [given.pot]);

/** `mended`: handlers no longer throw, but for what is `still` broken. */
export const tally = ({ shared = false, mended = false, uuidKeys = false } = {}): Messaging<Tally, Pot, Ports> => ({
  module: "tally",
  aggregate: aggregateStore<Tally>(uuidKeys ? uuidTallies : tallies, { key: "id", mutable: ["total", "label"] }),
  ...(shared ? { shared: potStore } : {}),
  entries: { effect: entryStore(effects) },
  subscribes: [topicOf(tallyCommands), topicOf(foreignEvents)],
  sends: [topicOf(tallyEvents)],
  invariants: (_before, { state }) => {
    invariant(state === undefined || state.total >= 0, () => `a total of ${state?.total} is below zero`);
  },
  handlers: [
    on(tallyCommands.Do, (state, given, context) => carryOut(state, asMended(given, mended), context), { shares }),
    on(tallyCommands.Other, (_state, given, context: Context) => {
      const { boom, name } = asMended(given, mended);
      if (boom !== undefined) throw new Error(boom);
      return { entries: [effect(context, name)] };
    }),
    on(foreignEvents.Happened, (state, given, context) => carryOut(state, asMended(given, mended), context), {
      shares,
    }),
  ],
  timers: [
    ...["ring", "later"].map((kind) =>
      timer(kind, (state, context) => ({ ...(state ? { state } : {}), entries: [effect(context, kind)] })),
    ),
    timer("bad", (_state, context) => {
      if (!mended) throw new Error("cannot take this timer");
      return { entries: [effect(context, "bad")] };
    }),
    timer("overflow", (state, context) => ({ state: { ...state, id: context.key, total: 3_000_000_000 } })),
    timer("negative", (_state, context) => ({ state: { id: context.key, total: -1 } })),
    timer("impostor", (state) => ({ state: { ...state, id: "another", total: 1 } })),
    timer("ifCounted", (state, context) =>
      state && state.total > 0 ? { state, entries: [effect(context, "counted")] } : {},
    ),
  ],
  calls: (["ask", "undo", "bad", "badUndo"] as const).map((kind) => outcomeOf(kind, mended)),
});

const command = (name: string, creates: boolean): Command<Tally, Pot, Instruction, number> => ({
  name,
  creates,
  shares,
  decide: (state, given, context) => {
    const decision = carryOut(state, given, context);
    return { ...decision, answer: decision.state?.total ?? -1 };
  },
});

export const openTally = command("open", true);
export const changeTally = command("change", false);
