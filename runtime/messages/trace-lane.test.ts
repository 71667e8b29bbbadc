import { expect, test } from "bun:test";
import type { Lane } from "../database/port.ts";
import { spansBench } from "../telemetry/spans.fixture.ts";
import { traceLane } from "./trace-lane.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a statement's span says which order it is for; a command on shared rows alone is for none", async () => {
  const { tracer, ended } = spansBench();
  const rows: Lane = {
    run: async () => [],
    begin: () => Promise.reject(new Error("not asked for here")),
    close: async () => undefined,
  };
  const lane = traceLane(rows, tracer, "inventory");
  const traceparent = TRACEPARENT;
  lane.about([
    { kind: "command", key: "an-adjustment", sharedOnly: true, traceparent },
    { kind: "command", key: "order-1", sharedOnly: false, traceparent },
    { kind: "message", key: "order-2", envelope: { correlationId: "order-2", traceparent } },
    { kind: "command", key: "untraced" },
  ]);
  await lane.run({ text: "select 1", params: [] });
  expect(ended.map(({ attributes }) => attributes["app.order.id"])).toEqual([undefined, "order-1", "order-2"]);
  expect(ended.map(({ links }) => links.length)).toEqual([0, 1, 1]);
});
