import { expect, test } from "bun:test";
import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from "kafkajs";
import { faultOf } from "./fault.ts";

const protocol = (type: string, message = "as the broker says it") =>
  new KafkaJSProtocolError(Object.assign(new Error(message), { type, code: 1, retriable: false }));
const wrapped = (error: Error) => new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 3, retryTime: 100 });

test("who is at fault is read through what wraps it", () => {
  expect(faultOf(wrapped(protocol("UNKNOWN_TOPIC_OR_PARTITION"))).kind).toBe("topic");
  expect(faultOf(protocol("MESSAGE_TOO_LARGE")).kind).toBe("message");
  expect(faultOf(wrapped(protocol("NOT_LEADER_FOR_PARTITION"))).kind).toBe("broker");
  expect(faultOf(new KafkaJSConnectionError("refused", { broker: "127.0.0.1:1" })).kind).toBe("broker");
  expect(faultOf("a text").kind).toBe("broker");
});

test("one line says what it is and what to do", () => {
  expect(faultOf(wrapped(protocol("UNKNOWN_TOPIC_OR_PARTITION", "this server\n does not host it"))).text).toBe(
    "UNKNOWN_TOPIC_OR_PARTITION, this server does not host it (run `genai-demo topics`)",
  );
  expect(faultOf(new Error("socket hang up")).text).toBe("socket hang up");
});

test("a coordinator that starts is told from one that refuses", () => {
  expect(faultOf(wrapped(protocol("GROUP_LOAD_IN_PROGRESS"))).isStarting).toBe(true);
  expect(faultOf(wrapped(protocol("GROUP_AUTHORIZATION_FAILED"))).isStarting).toBe(false);
  expect(faultOf(new Error("socket hang up")).isStarting).toBe(false);
});

test("errors that cause each other come to an end", () => {
  const [one, two] = [new Error("one"), new Error("two")];
  one.cause = two;
  two.cause = one;
  expect(faultOf(one).kind).toBe("broker");
});
