/**
 * The files of a new module, all but those that tools generate. It is a whole one: something is opened, changed by
 * commands and closed, over HTTP, in the module's own table, and others are told.
 */
import { commandFiles } from "./command-files.ts";
import { spellingOf } from "./names.ts";
import type { Files } from "./stage.ts";

/** The files of a module that can be opened and closed. */
export function moduleFiles(name: string): Files {
  const { type } = spellingOf(name);
  const folder = `modules/${name}`;
  const close = { module: name, ...spellingOf("Close") };
  return {
    [`${folder}/index.ts`]: index(name, type),
    [`${folder}/contract.ts`]: contract(name, type),
    [`${folder}/${name}.ts`]: aggregate(name, type),
    [`${folder}/open.ts`]: open(name, type),
    [`${folder}/open.test.ts`]: openTest(name, type),
    [`${folder}/store.ts`]: store(name, type),
    [`${folder}/routes.ts`]: routes(name, type),
    [`${folder}/${name}.fixture.ts`]: fixture(name, type),
    ...commandFiles(close, { to: "CLOSED", tells: `${type}Closed` }),
  };
}

const index = (name: string, type: string) => `
import { defineModule } from "../../runtime/module.ts";
import { ${name}Events } from "./contract.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import type { ${type} } from "./${name}.ts";
import { type ${type}RouteDeps, ${name}Routes } from "./routes.ts";
import { find${type}, ${name}Store } from "./store.ts";

/** All that the platform need know of \`${name}\`. */
export const ${name} = defineModule<${type}, never, undefined, ${type}RouteDeps>({
  name: "${name}",
  sends: [${name}Events],
  serves: [],
  routes: ${name}Routes,
  migrations: [{ id: "0000_initial", sql: initial }],
  build: ({ database, clock, ids, earlier }) => ({
    messaging: { definition: { aggregate: ${name}Store }, ports: undefined },
    routes: ({ lane }) => ({
      lane,
      clock,
      ids,
      earlier,
      find: (id) => find${type}(database, id),
    }),
  }),
});
`;

const contract = (name: string, type: string) => `
/** All that other modules may know of \`${name}\`. Events are keyed by its id. */
import * as z from "zod";
import { line } from "../../runtime/http/typed-line.ts";
import { defineEvents } from "../../runtime/messages/contract.ts";

export const ${name}Events = defineEvents("${name}", {
  ${type}Opened: z.object({ note: z.string() }),
  ${type}Closed: z.object({ note: z.string() }),
});

/** What its opening is asked for with. */
export const openSchema = z.strictObject({ note: line(200) });
export type Open = z.infer<typeof openSchema>;
`;

const aggregate = (name: string, type: string) => `
/** What a \`${name}\` is, and what may become of it. Pure: it decides; the runtime stores and sends. */
import { type MessageType, message } from "../../runtime/messages/contract.ts";
import type { Command, Decision } from "../../runtime/messages/decision.ts";

export const ${name}Statuses = ["OPEN", "CLOSED"] as const;
export type ${type}Status = (typeof ${name}Statuses)[number];

/** Every legal change of status. */
const transitions: Readonly<Record<${type}Status, readonly ${type}Status[]>> = {
  OPEN: ["CLOSED"],
  CLOSED: [],
};

export interface ${type} {
  readonly id: string;
  readonly status: ${type}Status;
  /** The command that was carried out last, and why, as whoever asked for it says. */
  readonly lastChange: { readonly command: string; readonly note: string };
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** \`refused\` says why it cannot be done now. */
export type Answer =
  | { readonly kind: "accepted"; readonly ${name}: ${type} }
  | { readonly kind: "refused"; readonly why: string };

export type ${type}Command<Input> = Command<${type}, never, Input, Answer>;

/** An event that says no more than why. */
export type Told = MessageType<{ note: string }>;

type Decided = Decision<${type}> & { readonly answer: Answer };

export const accepted = (after: ${type}, tells: readonly Told[]): Decided => ({
  state: after,
  messages: tells.map((event) => message(event, { note: after.lastChange.note })),
  answer: { kind: "accepted", ${name}: after },
});

interface Change {
  readonly command: string;
  readonly note: string;
  readonly at: number;
  /** The status afterwards; absent: the same. */
  readonly to?: ${type}Status;
  readonly tells: readonly Told[];
}

/** Records what was asked for. Refused where the status does not allow it. */
export function change(before: ${type} | undefined, { command, note, at, to, tells }: Change): Decided {
  if (before === undefined) throw new Error("its row is there before anything is asked of it, and is never deleted");
  const legal = transitions[before.status];
  const isLegal = to === undefined ? legal.length > 0 : legal.includes(to);
  if (!isLegal) return { answer: { kind: "refused", why: \`It is \${before.status}: \${command} is not possible any more.\` } };
  return accepted({ ...before, status: to ?? before.status, lastChange: { command, note }, updatedAt: at }, tells);
}
`;

const open = (name: string, type: string) => `
/** Opens a \`${name}\`: there is none under the key yet. */
import { type Open, ${name}Events } from "./contract.ts";
import { accepted, type ${type}Command, type Told } from "./${name}.ts";

const tells: readonly Told[] = [${name}Events.${type}Opened];

export const open: ${type}Command<Open> = {
  name: "open",
  creates: true,
  decide: (_none, { note }, { key, now }) =>
    accepted(
      { id: key, status: "OPEN", lastChange: { command: "Open", note }, createdAt: now, updatedAt: now },
      tells,
    ),
};
`;

const openTest = (name: string, type: string) => `
import { expect, test } from "bun:test";
import { contextAt, KEY } from "./${name}.fixture.ts";
import { open } from "./open.ts";

test("what is opened is OPEN under its key, and others are told", () => {
  const { state, messages } = open.decide(undefined, { note: "the first one" }, contextAt(9));
  expect(state).toEqual({
    id: KEY,
    status: "OPEN",
    lastChange: { command: "Open", note: "the first one" },
    createdAt: 9,
    updatedAt: 9,
  });
  expect(messages?.map((message) => message.type)).toEqual(["${type}Opened"]);
});
`;

const store = (name: string, type: string) => `
import { sql } from "drizzle-orm";
import { check, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { instant, json } from "../../runtime/database/columns.ts";
import type { Database } from "../../runtime/database/port.ts";
import { columnNames, recordset } from "../../runtime/database/recordset.ts";
import { aggregateStore, type Positions } from "../../runtime/messages/aggregate.ts";
import { type ${type}, type ${type}Status, ${name}Statuses } from "./${name}.ts";

const statusList = sql.raw(${name}Statuses.map((status) => \`'\${status}'\`).join(", "));

/** The key is its id. */
export const ${name}Table = pgTable(
  "${name}",
  {
    id: uuid("id").primaryKey(),
    status: text("status").$type<${type}Status>().notNull(),
    lastChange: json<${type}["lastChange"]>("last_change").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
    version: integer("version").notNull(),
    positions: json<Positions>("positions").notNull(),
  },
  (table) => [check("${name}_status", sql\`\${table.status} in (\${statusList})\`)],
);

export const ${name}Store = aggregateStore<${type}>(${name}Table, {
  key: "id",
  mutable: ["status", "lastChange", "updatedAt"],
});

const set = recordset(${name}Table);
const BY_ID = \`select \${columnNames(set)} from \${set.table} where id = $1::uuid\`;

/** As it stands committed. */
export async function find${type}(database: Database, id: string): Promise<${type} | undefined> {
  const [row] = await database.query({ text: BY_ID, params: [id] });
  return row && ${name}Store.decode(row).state;
}
`;

const fixture = (name: string, type: string) => `
import type { DecisionContext } from "../../runtime/messages/decision.ts";
import type { ${type}, ${type}Status } from "./${name}.ts";

export const KEY = "01900000-0000-7000-8000-000000000001";

/** One that came to \`status\` without a word of how. */
export const ${name}In = (status: ${type}Status): ${type} => ({
  id: KEY,
  status,
  lastChange: { command: "Open", note: "for a test" },
  createdAt: 1,
  updatedAt: 1,
});

export const contextAt = (now: number): DecisionContext => ({
  key: KEY,
  now,
  ids: { next: () => KEY },
  shared: new Map<string, never>(),
});
`;

const routes = (name: string, type: string) => `
import * as z from "zod";
import { type CommandRequestDeps, requestCommand } from "../../runtime/http/command-request.ts";
import { ProblemError, problem, refusal } from "../../runtime/http/problem.ts";
import { type IdempotencyClaim, type Route, route } from "../../runtime/http/route.ts";
import type { Ids } from "../../runtime/ids.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import { close } from "./close.ts";
import { closeSchema, openSchema } from "./contract.ts";
import { type ${type}, type ${type}Command, ${name}Statuses } from "./${name}.ts";
import { open } from "./open.ts";

/** What the routes work with. */
export interface ${type}RouteDeps extends CommandRequestDeps<${type}, never> {
  readonly ids: Ids;
  /** As committed by any process. */
  readonly find: (id: string) => Promise<${type} | undefined>;
}

const ${name}Schema = z.strictObject({
  id: z.uuid(),
  status: z.enum(${name}Statuses),
  lastChange: z.strictObject({ command: z.string(), note: z.string() }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const shown = ({ createdAt, updatedAt, ...${name} }: ${type}): z.infer<typeof ${name}Schema> => ({
  ...${name},
  createdAt: new Date(createdAt).toISOString(),
  updatedAt: new Date(updatedAt).toISOString(),
});

async function present({ find }: Pick<${type}RouteDeps, "find">, id: string): Promise<${type}> {
  const found = await find(id);
  if (found) return found;
  throw new ProblemError(problem("not-found", \`There is no ${name} \${id}.\`));
}

interface Asked<Input> {
  readonly body: Input;
  readonly idempotency: IdempotencyClaim | null;
  readonly traceparent: string | null;
  readonly operator: OperatorAction | null;
}

/** The state after the command, or after an earlier request under the same key. Throws a \`ProblemError\`. */
async function carryOut<Input>(
  deps: ${type}RouteDeps,
  command: ${type}Command<Input>,
  { id, status }: { readonly id: string; readonly status: number },
  { body: input, idempotency: claim, traceparent, operator }: Asked<Input>,
): Promise<${type}> {
  const result = await requestCommand(deps, {
    command,
    key: id,
    input,
    claim,
    status,
    reference: id,
    traceparent,
    operator,
    isRefused: ({ kind }) => kind === "refused",
  });
  if (result.kind === "decided") {
    if (result.answer.kind === "accepted") return result.answer.${name};
    throw new ProblemError(refusal(409, "not-allowed-now", "The status does not allow this", result.answer.why));
  }
  const earlier = claim === null ? undefined : await deps.earlier(claim);
  return present(deps, earlier?.kind === "replayed" ? earlier.reference : id);
}

const ${name}Path = z.strictObject({ id: z.uuid() });

const found = { description: "As it is now.", schema: ${name}Schema };
const unknown = { description: "There is none with this id." };

/** What the routes of all commands have in common; the path ends with the command's name. */
const commandRoute = (name: string) =>
  ({
    method: "POST",
    path: \`/api/v1/${name}/{id}/\${name}\`,
    rights: { callers: "operators", scope: "${name}:write", object: "shared" },
    tag: "${name}",
    params: ${name}Path,
    idempotency: "accepted",
    responses: { 200: found, 404: unknown, 409: { description: "Its status does not allow this." } },
  }) as const;

/** Carries the command out on what the path names. */
async function answer<Input>(
  deps: ${type}RouteDeps,
  command: ${type}Command<Input>,
  request: Asked<Input> & { readonly params: { readonly id: string } },
) {
  const { id } = await present(deps, request.params.id);
  return { status: 200, body: shown(await carryOut(deps, command, { id, status: 200 }, request)) };
}

export const ${name}Routes: readonly Route<${type}RouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/${name}",
    rights: { callers: "operators", scope: "${name}:write", object: "shared" },
    tag: "${name}",
    summary: "Open a new one in ${name}",
    idempotency: "accepted",
    body: openSchema,
    bodyExample: { note: "the first one" },
    responses: { 201: { description: "As it was opened.", schema: ${name}Schema, headers: { Location: "Where it is." } } },
    async handle(request, deps: ${type}RouteDeps) {
      const opened = await carryOut(deps, open, { id: deps.ids.next(), status: 201 }, request);
      return { status: 201, headers: { location: \`/api/v1/${name}/\${opened.id}\` }, body: shown(opened) };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/${name}/{id}",
    rights: { callers: "operators", scope: "${name}:read", object: "shared" },
    tag: "${name}",
    summary: "Read one of ${name}",
    params: ${name}Path,
    responses: { 200: found, 404: unknown },
    handle: async ({ params }, deps: ${type}RouteDeps) => ({ status: 200, body: shown(await present(deps, params.id)) }),
  }),
  route({
    ...commandRoute(close.name),
    summary: "Close",
    body: closeSchema,
    bodyExample: { note: "it is over" },
    handle: (request, deps: ${type}RouteDeps) => answer(deps, close, request),
  }),
];
`;
