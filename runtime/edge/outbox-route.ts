import * as z from "zod";
import type { Clock } from "../clock.ts";
import { pageOf, pageQuery, pageRequest } from "../http/paging.ts";
import { type Route, route } from "../http/route.ts";
import { waitingKinds, waitingRpc } from "../messages/waiting-work.ts";
import type { RpcClient } from "../rpc/port.ts";
import { askModules, moduleFilter } from "./ask-modules.ts";

const TIMEOUT_MS = 10_000;

const itemSchema = z.strictObject({
  module: z.string(),
  kind: z.enum(waitingKinds).describe("A message to publish, a call to the outside world, a timer that is due."),
  name: z.string().describe("The topic, or the kind of the call or the timer."),
  count: z.int().positive(),
  atLeast: z
    .boolean()
    .describe("So much of the kind waits in the module that not all was counted: there may be more, and an older one."),
  oldestAt: z.iso.datetime().describe("When the one that waits longest was made, or the timer was due."),
  oldestAgeMs: z.int().nonnegative(),
  oldestKey: z.string().describe("Its key, such as an order id."),
});

export interface OutboxRouteDeps {
  readonly rpc: RpcClient;
  readonly clock: Clock;
  readonly modules: readonly string[];
}

/** `GET /api/v1/ops/outbox`: what is committed and not carried out yet, in all modules. */
export const outboxRoute = ({ rpc, clock, modules }: OutboxRouteDeps): Route =>
  route({
    method: "GET",
    path: "/api/v1/ops/outbox",
    rights: { callers: "operators", scope: "ops:read", object: "shared" },
    tag: "ops",
    summary: "What is committed and not carried out yet",
    description:
      "Messages that are not published, calls that have no outcome and timers that are due, counted by module and what they are, with the one that waits longest. What is young is under way. What they hold is not told. What could not be handled stands under `/api/v1/ops/deadletters`.",
    query: z.strictObject({ module: moduleFilter(modules), ...pageQuery }),
    responses: {
      200: { description: "By module, kind and name; empty when nothing waits.", schema: pageOf(itemSchema) },
    },
    async handle(request) {
      const page = pageRequest(request, z.tuple([z.string(), z.string(), z.string()]));
      const nowMs = clock.now();
      const asked = modules.filter((name) => name === (request.query.module ?? name)).sort();
      const answers = await askModules(asked, async (module) => {
        const { waiting } = await rpc.call(waitingRpc(module), { nowMs }, { timeoutMs: TIMEOUT_MS });
        return waiting.map((each) => ({ module, ...each }));
      });
      const place = ({ module, kind, name }: Listed): [string, string, string] => [module, kind, name];
      const { after } = page;
      const found = answers.flat().filter((each) => after === null || isBehind(place(each), after));
      return page.reply(found, place, ({ oldestMs, ...each }) => ({
        ...each,
        oldestAt: new Date(oldestMs).toISOString(),
        // Another process's clock may be ahead.
        oldestAgeMs: Math.max(0, nowMs - oldestMs),
      }));
    },
  });

interface Listed {
  readonly module: string;
  readonly kind: string;
  readonly name: string;
}

/** Compares part by part, as the list is ordered. */
function isBehind(place: readonly string[], after: readonly string[]): boolean {
  const differing = place.findIndex((part, index) => part !== after[index]);
  return differing !== -1 && (place[differing] ?? "") > (after[differing] ?? "");
}
