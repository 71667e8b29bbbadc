/** Webhooks with the lane under the test's control: what is taken, under which claim, and what is not. */

import { expect, test } from "bun:test";
import { problemIn } from "../../runtime/http/http.fixture.ts";
import { eventClaim, signWebhook } from "../../runtime/http/webhook-signature.ts";
import { CommandUnavailable } from "../../runtime/messages/command-unavailable.ts";
import { secret as secretOf } from "../../runtime/secret.ts";
import { createTelling } from "./adapters/simulator-webhooks.ts";
import { ORDER } from "./payment.fixture.ts";
import { eventExample, receiveWebhook, type WebhookDeps } from "./webhooks.ts";

const SECRET = secretOf("a secret of the tests");
const NOW = Date.UTC(2026, 0, 31);
const clock = { now: () => NOW };
const AUTHORISATION = `${ORDER}:auth:1`;

/** The module around webhooks; what its lane was asked. */
function bench(change: Partial<WebhookDeps> = {}) {
  const executed: unknown[] = [];
  const deps: WebhookDeps = {
    secrets: () => [SECRET],
    clock,
    earlier: async () => undefined,
    lane: {
      async execute(command, key, input, { idempotency }) {
        executed.push([command.name, key, input, idempotency?.scope]);
        return { kind: "replayed", status: 204, reference: key };
      },
    },
    ...change,
  };
  return { deps, executed };
}

const event = (change: object = {}) =>
  JSON.stringify({ id: "evt_1", type: "capture.succeeded", data: { authorisation: AUTHORISATION }, ...change });
const send = (deps: WebhookDeps, text: string, { provider = "simulator", secret = SECRET } = {}) => {
  const rawBody = new TextEncoder().encode(text);
  return receiveWebhook(deps, {
    sender: provider,
    rawBody,
    signature: signWebhook(secret, rawBody, NOW),
    traceparent: null,
  });
};
const statusOf = async (work: Promise<unknown>) => (await problemIn(work))?.status ?? 204;

test("an event is taken for its order, under its own id", async () => {
  const { deps, executed } = bench();
  expect(await statusOf(send(deps, event()))).toBe(204);
  expect(await statusOf(send(deps, event({ type: "refund.succeeded", more: 1 })))).toBe(204);
  const one = ["provider-told", ORDER, { authorisation: AUTHORISATION }, eventClaim("simulator", "evt_1").scope];
  expect(executed).toEqual([one, one]);
});

test("one of an unknown type is acknowledged, and nothing else of it is read", async () => {
  const { deps, executed } = bench();
  expect(await statusOf(send(deps, event({ type: "of.tomorrow", data: 5 })))).toBe(204);
  expect(executed).toEqual([]);
});

test("who sends it is looked at first, then how it is signed, then what it says", async () => {
  const { deps, executed } = bench();
  expect(await statusOf(send(deps, "{", { provider: "nobody", secret: secretOf("x") }))).toBe(404);
  const unsigned = await receiveWebhook(deps, {
    sender: "simulator",
    rawBody: new TextEncoder().encode("{"),
    signature: undefined,
    traceparent: null,
  }).catch((error: unknown) => error);
  expect(unsigned).toMatchObject({ problem: { status: 400, type: "/problems/invalid-signature" } });
  for (const wrong of ["{", "[]", "{}", event({ id: "" }), event({ data: { authorisation: "me:auth:1" } })])
    expect(await statusOf(send(deps, wrong))).toBe(400);
  expect(executed).toEqual([]);
});

test("what is not known to be taken is a 503: the provider sends it again", async () => {
  const execute = () => Promise.reject(new CommandUnavailable("unknown", "the database is away"));
  expect(await statusOf(send(bench({ lane: { execute } }).deps, event()))).toBe(503);
});

test.each([0, 1, 3])("the simulator tells a thing %d times, always as the same event", async (simulatedCopies) => {
  const { deps, executed } = bench();
  const tell = createTelling({ secrets: () => [SECRET], simulatedCopies }, clock, (request) =>
    receiveWebhook(deps, request),
  );
  await tell({ type: "capture.succeeded", key: `${ORDER}:capture:1`, authorisation: AUTHORISATION });
  const { scope } = eventClaim("simulator", `evt_${ORDER}:capture:1`);
  const one = ["provider-told", ORDER, { authorisation: AUTHORISATION }, scope];
  expect(executed).toEqual(Array.from({ length: simulatedCopies }, () => one));
});

test("the documented example is an event", async () => {
  const { deps } = bench();
  expect(await statusOf(send(deps, JSON.stringify(eventExample)))).toBe(204);
});
