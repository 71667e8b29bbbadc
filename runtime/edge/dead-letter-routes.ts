/**
 * Dead letters of all modules as one list, and what operators do about them. Each module answers for its own by rpc; a
 * module that does not answer is named in a 503, and nothing was done that asking again would do twice.
 */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PAGE_LIMIT, pageOf, pageQuery, pageRequest } from "../http/paging.ts";
import { ProblemError, problem } from "../http/problem.ts";
import { type IdempotencyClaim, type Route, route } from "../http/route.ts";
import { line } from "../http/typed-line.ts";
import { about, type CommandAudit, type OperatorAction } from "../messages/audit.ts";
import {
  DISCARD_REASON_LIMIT,
  type Letter,
  type LetterFilter,
  type LetterPlace,
  letterFilterSchema,
  letterId,
  parseLetterId,
} from "../messages/dead-letter.ts";
import { deadLetterRpc } from "../messages/dead-letter-rpc.ts";
import type { ReleaseResult } from "../messages/release-letters.ts";
import { LETTERS_ANSWERED_WITHIN_MS } from "../messages/start-messaging.ts";
import type { RpcClient } from "../rpc/port.ts";
import { askModules, moduleFilter, unavailable } from "./ask-modules.ts";
import { type Listed, replaySelection } from "./replay-selection.ts";

export interface DeadLetterDeps {
  readonly rpc: RpcClient;
  readonly clock: Clock;
  /** Names of all modules of the platform. */
  readonly modules: readonly string[];
}

const READ_TIMEOUT_MS = 10_000;
const ACT_TIMEOUT_MS = LETTERS_ANSWERED_WITHIN_MS + 5_000;
const PATH = "/api/v1/ops/deadletters";

/** A letter in a list. */
export const itemSchema = z.strictObject({
  id: z.string().meta({ example: "delivery:018f6d0e-0000-7000-8000-000000000000:genai-demo.delivery.commands.v1:1" }),
  module: z.string(),
  key: z.string().describe("The aggregate's key, such as the order id."),
  source: z.string().describe("The topic, timer:KIND, call:KIND:INTENT or record:TOPIC."),
  sequence: z.int().describe("The message's number in its topic and key; 0 for timers and calls."),
  reason: z
    .enum(["threw", "rejected", "behind", "unreadable"])
    .describe(
      "The handler threw, the database rejected its decision, an earlier number of the key is parked, or what came is no message.",
    ),
  error: z.string().describe("In one line."),
  parkedAt: z.iso.datetime().describe("When it was tried the last time."),
  type: z.string().optional().describe("The message's type."),
  discarded: z
    .strictObject({ at: z.iso.datetime(), reason: z.string() })
    .optional()
    .describe("It only stands for its number until its turn comes."),
});
/** One letter with what is in it. */
export const openedSchema = itemSchema.extend({
  fullError: z.string(),
  payload: z.unknown().describe("The message's data, the timer's due time, or the call's request and outcome."),
  trace: z.strictObject({
    traceparent: z.string().optional(),
    correlationId: z.string().optional(),
    causationId: z.string().optional(),
  }),
});
/** The answer to a replay or a discard. */
export const reportSchema = z.strictObject({
  id: z.string(),
  released: z.array(z.string()).describe("Ids of those that are gone by this request, in order, at most 100."),
  releasedCount: z.int(),
  left: z.array(itemSchema).describe("Those of the same source and key that are still there, in order, at most 100."),
  leftCount: z.int(),
  state: z
    .enum(["parked", "discarded", "gone"])
    .describe("What this letter is now; discarded: it stands only for its number until its turn comes."),
  pending: z.boolean().describe("It was not over yet when this was answered; it goes on."),
});
/** The answer to the replay of a selection. */
export const selectionReportSchema = reportSchema.pick({ released: true, releasedCount: true }).extend({
  left: z.array(itemSchema).describe("Those that are still there where something was replayed, at most 100."),
  leftCount: z.int(),
  pending: z.boolean().describe("There was no time to try all of them: send the same request again."),
});
/** The answer to a list. */
export const pageSchema = pageOf(itemSchema);
const letterPath = z.object({ id: z.string().min(1).max(1000) });
/** Time, module, key, source and number of the last letter; what the database cannot hold is no cursor of ours. */
const cursorSchema = z.tuple([
  z.int().min(0).max(Date.UTC(9999, 0)),
  z.string(),
  z.string(),
  z.string(),
  z.int().min(0).max(2_147_483_647),
]);

const shown = (module: string, { parkedAtMs, discarded, ...letter }: Letter): z.infer<typeof itemSchema> => ({
  id: letterId(module, letter),
  module,
  ...letter,
  parkedAt: new Date(parkedAtMs).toISOString(),
  ...(discarded && { discarded: { at: new Date(discarded.atMs).toISOString(), reason: discarded.reason } }),
});

const FIRST = { key: "", source: "", sequence: 0 };

const positionOf = ({ module, letter }: Listed): z.infer<typeof cursorSchema> => [
  letter.parkedAtMs,
  module,
  letter.key,
  letter.source,
  letter.sequence,
];

/** The routes under `/api/v1/ops/deadletters`. */
export function deadLetterRoutes({ rpc, modules, clock }: DeadLetterDeps): readonly Route[] {
  const methods = new Map(modules.map((module) => [module, deadLetterRpc(module)]));
  function methodsOf(module: string) {
    const found = methods.get(module);
    if (!found) throw new Error(`${module} is no module of this platform`);
    return found;
  }

  /** The letters after a cursor in the order of all modules: time of parking, module, then the module's own order. */
  async function page(
    asked: readonly string[],
    filter: LetterFilter,
    after: z.infer<typeof cursorSchema> | null,
    limit: number,
  ): Promise<readonly Listed[]> {
    const pages = await askModules(asked, async (module) => {
      const position = after && positionIn(module, after);
      const { letters } = await rpc.call(
        methodsOf(module).list,
        { after: position, limit, filter },
        { timeoutMs: READ_TIMEOUT_MS },
      );
      return letters.map((letter) => ({ module, letter }));
    });
    // A stable sort: letters of one module stay in its order.
    return pages
      .flat()
      .sort(
        (a, b) => a.letter.parkedAtMs - b.letter.parkedAtMs || (a.module < b.module ? -1 : a.module > b.module ? 1 : 0),
      )
      .slice(0, limit);
  }

  /** The module and the place that an id names. */
  function placeOf(id: string) {
    const parsed = parseLetterId(id);
    if (!parsed || !modules.includes(parsed.module)) throw notFound(id);
    return parsed;
  }

  const release = (
    module: string,
    { key, source, sequence }: LetterPlace,
    claim: IdempotencyClaim | null,
    audit: CommandAudit | null,
  ) => {
    const request = { place: { key, source, sequence }, claim, audit };
    return rpc
      .call(methodsOf(module).replay, request, { timeoutMs: ACT_TIMEOUT_MS })
      .catch((error) => unavailable([module], error));
  };

  async function report(id: string, module: string, result: Promise<ReleaseResult>) {
    const answer = await result.catch((error) => unavailable([module], error));
    if (answer.kind === "unknown") throw notFound(id);
    if (answer.kind === "keyReused") throw reused();
    const { released, releasedCount, left, leftCount, state, pending } = answer;
    const body: z.infer<typeof reportSchema> = {
      id,
      released: released.map((place) => letterId(module, place)),
      releasedCount,
      left: left.map((letter) => shown(module, letter)),
      leftCount,
      state,
      pending,
    };
    return { status: 200, body };
  }

  const { key, type, reason } = letterFilterSchema.shape;
  const filters = {
    module: moduleFilter(modules),
    key: key.describe("Only those of this key, such as an order id."),
    type: type.describe("Only messages of this type; timer:KIND, call:KIND or record:TOPIC for what is no message."),
    reason: reason.describe("Only those that were parked for this reason."),
  };
  const selectionSchema = z
    .strictObject({ ...filters, all: z.literal(true).optional().describe("Every dead letter of the platform.") })
    .refine(({ all, ...filter }) => (Object.keys(filter).length === 0) === (all === true), {
      error: "must have module, key, type or reason, or else all: true",
    });

  return [
    route({
      method: "GET",
      path: PATH,
      rights: { callers: "operators", scope: "ops:read", object: "shared" },
      tag: "ops",
      summary: "Dead letters",
      description: "What could not be handled, and what is parked behind it, in the order of parking.",
      query: z.strictObject({
        ...filters,
        ...pageQuery,
      }),
      responses: { 200: { description: "Dead letters of all modules.", schema: pageSchema } },
      async handle(request) {
        const { query } = request;
        const { after, limit, reply } = pageRequest(request, cursorSchema);
        const found = await page(query.module === undefined ? modules : [query.module], query, after, limit + 1);
        return reply(found, positionOf, ({ module, letter }) => shown(module, letter));
      },
    }),
    route({
      method: "GET",
      path: `${PATH}/{id}`,
      rights: { callers: "operators", scope: "ops:read", object: "shared" },
      tag: "ops",
      summary: "A dead letter with its error and payload",
      description: "The payload may hold personal data.",
      params: letterPath,
      responses: {
        200: { description: "The letter.", schema: openedSchema },
        404: { description: "There is no such letter." },
      },
      async handle({ params: { id } }) {
        const { module, place } = placeOf(id);
        const { letter } = await rpc
          .call(methodsOf(module).show, place, { timeoutMs: READ_TIMEOUT_MS })
          .catch((error) => unavailable([module], error));
        if (!letter) throw notFound(id);
        const { fullError, payload, trace, ...listed } = letter;
        return { status: 200, body: { ...shown(module, listed), fullError, payload, trace } };
      },
    }),
    route({
      method: "POST",
      path: `${PATH}/{id}/replay`,
      rights: { callers: "operators", scope: "ops:write", object: "shared" },
      tag: "ops",
      summary: "Release a dead letter",
      description:
        "A message is released with all that is parked in its topic and key, in order from the first one, until one cannot be handled. A timer fires again; a call is asked for, or repeated where that does no harm.",
      params: letterPath,
      idempotency: "accepted",
      body: z.strictObject({}).optional(),
      bodyExample: {},
      responses: {
        200: { description: "What was released, and what is left and why.", schema: reportSchema },
        404: { description: "There is no such letter." },
      },
      async handle({ params: { id }, idempotency, operator }) {
        const { module, place } = placeOf(id);
        return report(id, module, release(module, place, idempotency, auditOf(operator, place.key)));
      },
    }),
    route({
      method: "POST",
      path: `${PATH}/replay`,
      rights: { callers: "operators", scope: "ops:write", object: "shared" },
      tag: "ops",
      summary: "Release a selection of dead letters",
      description:
        "Each letter of the selection is released as by its own replay, with all that is parked in its topic and key. What cannot be handled stays, and does not keep the others.",
      idempotency: "accepted",
      body: selectionSchema,
      bodyExample: { module: "delivery", type: "ScheduleShipment" },
      responses: {
        200: { description: "What was released, and what is left and why.", schema: selectionReportSchema },
      },
      async handle({ body: { module, all, ...filter }, idempotency, operator }) {
        const selection = { ...(module && { module }), ...filter, ...(all && { all: "true" }) };
        const audit = auditOf(about(operator, selection), filter.key ?? "");
        const asked = module === undefined ? modules : [module];
        const { keyReused, left, released, ...counts } = await replaySelection({
          clock,
          page: (after) => page(asked, filter, after && positionOf(after), PAGE_LIMIT),
          replay: (name, place) => release(name, place, idempotency, audit),
          beginWithinMs: LETTERS_ANSWERED_WITHIN_MS,
        });
        if (keyReused) throw reused();
        const body = { ...counts, released: [...released], left: left.map((each) => shown(each.module, each.letter)) };
        return { status: 200, body };
      },
    }),
    route({
      method: "POST",
      path: `${PATH}/{id}/discard`,
      rights: { callers: "operators", scope: "ops:write", object: "shared" },
      tag: "ops",
      summary: "Discard a dead letter",
      description:
        "A message counts as handled without being handled: at once when it is the first one parked, and what is parked behind it is released; else when its turn comes. A timer or the outcome of a call is gone. Discarded again, the first reason and time stay.",
      params: letterPath,
      idempotency: "accepted",
      body: z.strictObject({
        reason: line(DISCARD_REASON_LIMIT).describe("Logged, and shown while the letter stands."),
      }),
      bodyExample: { reason: "The customer has cancelled by telephone." },
      responses: {
        200: { description: "What was released behind it, and what is left and why.", schema: reportSchema },
        404: { description: "There is no such letter." },
      },
      async handle({ params: { id }, body: { reason }, idempotency, operator }) {
        const { module, place } = placeOf(id);
        const request = { place, reason, claim: idempotency, audit: auditOf(operator, place.key) };
        return report(id, module, rpc.call(methodsOf(module).discard, request, { timeoutMs: ACT_TIMEOUT_MS }));
      },
    }),
  ];
}

/** Where a module's own letters go on after a letter of any module. */
function positionIn(module: string, [parkedAtMs, cursorModule, key, source, sequence]: z.infer<typeof cursorSchema>) {
  if (module === cursorModule) return { parkedAtMs, key, source, sequence };
  return { ...FIRST, parkedAtMs: module < cursorModule ? parkedAtMs + 1 : parkedAtMs };
}

const auditOf = (operator: OperatorAction | null, key: string): CommandAudit | null => operator && { ...operator, key };

const reused = () =>
  new ProblemError(
    problem("idempotency-key-reused", "This Idempotency-Key came with another body before. Use a new one."),
  );

const notFound = (id: string) => new ProblemError(problem("not-found", `There is no dead letter ${id}.`));
