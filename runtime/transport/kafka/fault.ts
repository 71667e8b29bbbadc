/** What kafkajs throws, in the terms of who is at fault and what to do. */
import { messageOf } from "../../error-text.ts";

export interface Fault {
  /** `message`: it is refused for what it is; `topic`: it is not there, or not for us; `broker`: anything else. */
  readonly kind: "message" | "topic" | "broker";
  /** One line. */
  readonly text: string;
}

const OF_MESSAGES = new Set(["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP"]);
const OF_TOPICS = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "TOPIC_AUTHORIZATION_FAILED", "INVALID_TOPIC_EXCEPTION"]);

const ADVICE: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: "raise the brokers' message.max.bytes",
  UNKNOWN_TOPIC_OR_PARTITION: "run `genai-demo topics`",
  TOPIC_AUTHORIZATION_FAILED: "grant this client its rights on the topic",
  GROUP_AUTHORIZATION_FAILED: "grant this client its rights on the consumer group",
  CLUSTER_AUTHORIZATION_FAILED: "grant this client IdempotentWrite on the cluster",
  SASL_AUTHENTICATION_FAILED: "check KAFKA_USERNAME and KAFKA_PASSWORD, or the token",
};

/** Reads an error of kafkajs, which wraps what the broker said. */
export function faultOf(error: unknown): Fault {
  const chain = causesOf(error);
  const types = chain.flatMap((each) => {
    const type: unknown = Reflect.get(each, "type");
    return typeof type === "string" ? [type] : [];
  });
  const type = types.find((each) => each in ADVICE) ?? types[0];
  const advice = type === undefined ? undefined : ADVICE[type];
  const said = messageOf(chain.at(-1) ?? error).replaceAll(/\s+/g, " ");
  const text = `${type ? `${type}, ` : ""}${said}${advice ? ` (${advice})` : ""}`;
  if (types.some((each) => OF_MESSAGES.has(each))) return { kind: "message", text };
  return { kind: types.some((each) => OF_TOPICS.has(each)) ? "topic" : "broker", text };
}

const DEEPEST = 8;

/** The error and what caused it, outermost first. */
function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length < DEEPEST) {
    chain.push(next);
    next = next.cause ?? Reflect.get(next, "originalError");
  }
  return chain;
}
