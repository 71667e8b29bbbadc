import { expect, test } from "bun:test";
import ConsumerGroup from "kafkajs/src/consumer/consumerGroup.js";
import { leaveOutEmptyBatches } from "./empty-batches.ts";

test("what holds nothing is left out, and control records are something", async () => {
  const [empty, message, control] = [[], [{ offset: "1" }], [{ isControlRecord: true }]];
  const group = {
    batches: [empty, message, empty, control].map((rawMessages) => ({ rawMessages })),
    async fetch(nodeId: number) {
      return nodeId === 7 ? this.batches : [];
    },
  };
  leaveOutEmptyBatches(group);
  leaveOutEmptyBatches(group);
  expect(await group.fetch(7)).toEqual([{ rawMessages: message }, { rawMessages: control }]);
  expect(await group.fetch(8)).toEqual([]);
});

test("kafkajs has what is replaced", () => {
  expect(Reflect.get(ConsumerGroup.prototype, "fetch")).toBeFunction();
});
