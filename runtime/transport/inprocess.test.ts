import { expect, test } from "bun:test";
import { incoming } from "../messages/replicas.fixture.ts";
import { createInProcessTransport } from "./inprocess.ts";

const rest = { reject: async () => undefined, waiting: () => 0 };
const message = incoming("k", 1, "{}");

test("publishing ends when every subscriber of the topic has settled, and not before", async () => {
  const transport = createInProcessTransport();
  const settle: (() => void)[] = [];
  const heard: string[] = [];
  for (const consumer of ["a", "b"])
    transport.subscribe({
      consumer,
      topics: [message.topic],
      deliver: () => {
        heard.push(consumer);
        return new Promise((resolve) => settle.push(() => resolve(undefined)));
      },
      ...rest,
    });
  transport.subscribe({ consumer: "c", topics: ["another"], deliver: async () => void heard.push("c"), ...rest });
  let published = false;
  const publishing = transport.publish(message).then(() => {
    published = true;
  });
  expect(heard).toEqual(["a", "b"]);
  settle[0]?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(published).toBe(false);
  settle[1]?.();
  await publishing;
  expect(published).toBe(true);
});

test("a topic that nobody listens to takes everything; after stop nothing is delivered or confirmed", async () => {
  const transport = createInProcessTransport();
  await transport.publish(message);
  let delivered = 0;
  transport.subscribe({ consumer: "a", topics: [message.topic], deliver: async () => void delivered++, ...rest });
  await transport.publish(message);
  await transport.stop();
  let confirmed = false;
  void transport.publish(message).then(() => {
    confirmed = true;
  });
  await Promise.resolve();
  expect([delivered, confirmed]).toEqual([1, false]);
});
