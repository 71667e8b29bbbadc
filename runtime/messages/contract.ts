import type { z } from "zod";

/** A type of message on a topic, with the schema that both ends check. */
export interface MessageType<Data> {
  readonly topic: string;
  /** The module whose topic this is. */
  readonly module: string;
  readonly type: string;
  readonly schema: z.ZodType<Data>;
}

export type MessageTypes<Schemas extends Record<string, z.ZodType>> = {
  readonly [Type in keyof Schemas]: MessageType<z.infer<Schemas[Type]>>;
};

export const topicName = (module: string, channel: string) => `genai-demo.${module}.${channel}.v1`;

function defineTopic<Schemas extends Record<string, z.ZodType>>(
  module: string,
  channel: string,
  schemas: Schemas,
): MessageTypes<Schemas> {
  const topic = topicName(module, channel);
  const types = Object.entries(schemas).map(([type, schema]) => [type, { topic, module, type, schema }]);
  // Object.fromEntries forgets the keys that the mapped type states.
  return Object.fromEntries(types) as MessageTypes<Schemas>;
}

/** The commands a module takes, keyed by aggregate id; only the order saga sends commands. */
export const defineCommands = <Schemas extends Record<string, z.ZodType>>(module: string, schemas: Schemas) =>
  defineTopic(module, "commands", schemas);

/** The events a module tells, keyed by aggregate id. */
export const defineEvents = <Schemas extends Record<string, z.ZodType>>(module: string, schemas: Schemas) =>
  defineTopic(module, "events", schemas);

/** A message that a decision sends: not yet numbered, already checked and serialised. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly type: string;
  readonly data: string;
}

/** Checks `data` against the contract and serialises it. Throws a ZodError, which is a bug of the sender. */
export function message<Data>(type: MessageType<Data>, data: Data): OutgoingMessage {
  return { topic: type.topic, type: type.type, data: JSON.stringify(type.schema.parse(data)) };
}
