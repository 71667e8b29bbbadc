/** What kafkajs throws, in the terms of who is at fault and what to do. */
import { messageOf } from "../../error-text.ts";

export interface Fault {
  /** `message`: it is refused for what it is; `topic`: it is not there, or not for us; `broker`: anything else. */
  readonly kind: "message" | "topic" | "broker";
  /** As the broker calls it; null where none has said anything. */
  readonly type: string | null;
  /** One line. */
  readonly text: string;
  /** Brokers that start, or take a group over, say so for a moment; nothing is wrong yet. */
  readonly isStarting: boolean;
}

const OF_MESSAGES = new Set(["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP"]);
const OF_TOPICS = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "TOPIC_AUTHORIZATION_FAILED", "INVALID_TOPIC_EXCEPTION"]);

const OF_STARTING_BROKERS = new Set([
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
]);
const UNKNOWN_AUTHORITY = [
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/** What the name, type or code of an error asks for. */
const ADVICE: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: "raise the brokers' message.max.bytes",
  UNKNOWN_TOPIC_OR_PARTITION: "run `genai-demo topics`",
  TOPIC_AUTHORIZATION_FAILED: "grant this client its rights on the topic",
  GROUP_AUTHORIZATION_FAILED: "grant this client its rights on the consumer group",
  CLUSTER_AUTHORIZATION_FAILED: "grant this client IdempotentWrite on the cluster",
  UNSUPPORTED_SASL_MECHANISM: "give KAFKA_SASL a mechanism that they have",
  ILLEGAL_SASL_STATE: "this listener asks for no login, or KAFKA_RENEW_BEFORE_MS is longer than its sessions",
  KafkaJSSASLAuthenticationError: "check KAFKA_USERNAME and KAFKA_PASSWORD",
  KafkaJSGroupCoordinatorNotFound: "if it goes on, grant this client its rights on the consumer group",
  KafkaJSConnectionClosedError: "the broker goes away, or wants another KAFKA_TLS or KAFKA_SASL",
  ERR_TLS_CERT_ALTNAME_INVALID: "KAFKA_BROKERS must have the names that are in their certificates",
  CERT_HAS_EXPIRED: "renew the brokers' certificate",
  ...Object.fromEntries(
    UNKNOWN_AUTHORITY.map((code) => [code, "KAFKA_CA_FILE must hold the authority that signed it"]),
  ),
  ECONNRESET: "the broker goes away, or that listener has no TLS: check KAFKA_TLS",
};

/** Reads an error of kafkajs, which wraps what the broker said. */
export function faultOf(error: unknown): Fault {
  const chain = causesOf(error);
  const types = textsOf(chain, "type");
  const type = types.find((each) => each in ADVICE) ?? types[0] ?? null;
  const known = [...types, ...textsOf(chain, "code"), ...textsOf(chain, "name")].find((each) => each in ADVICE);
  const advice = known === undefined ? undefined : ADVICE[known];
  const said = messageOf(chain.at(-1) ?? error).replaceAll(/\s+/g, " ");
  const text = `${type ? `${type}, ` : ""}${said}${advice ? ` (${advice})` : ""}`;
  return { kind: kindOf(types), type, text, isStarting: types.some((each) => OF_STARTING_BROKERS.has(each)) };
}

function kindOf(types: readonly string[]): Fault["kind"] {
  if (types.some((each) => OF_MESSAGES.has(each))) return "message";
  return types.some((each) => OF_TOPICS.has(each)) ? "topic" : "broker";
}

function textsOf(chain: readonly Error[], property: "type" | "code" | "name"): string[] {
  return chain.flatMap((each) => {
    const text: unknown = Reflect.get(each, property);
    return typeof text === "string" ? [text] : [];
  });
}

const DEEPEST = 8;

/** What is asked for several topics at once fails with an error for each. */
const firstOf = (errors: unknown): unknown => (Array.isArray(errors) ? errors[0] : undefined);

/** The error and what caused it, outermost first. */
function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length < DEEPEST) {
    chain.push(next);
    next = next.cause ?? Reflect.get(next, "originalError") ?? firstOf(Reflect.get(next, "errors"));
  }
  return chain;
}
