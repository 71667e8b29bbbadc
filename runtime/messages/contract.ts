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

/** A topic with all that may travel on it. */
export interface Topic {
  readonly name: string;
  /** The module that takes these commands, or tells these events. */
  readonly module: string;
  readonly types: ReadonlyMap<string, z.ZodType>;
}

/** A contract's commands or events. */
export type TopicTypes = Readonly<Record<string, MessageType<unknown>>>;

/** The topic that carries them. */
export function topicOf(types: TopicTypes): Topic {
  const all = Object.values(types);
  const [first] = all;
  if (!first) throw new Error("a contract without a type of message has no topic");
  return { name: first.topic, module: first.module, types: new Map(all.map(({ type, schema }) => [type, schema])) };
}

export const topicName = (module: string, channel: string, version = 1) =>
  `genai-demo.${module}.${channel}.v${version}`;

function defineTopic<Schemas extends Record<string, z.ZodType>>(
  module: string,
  channel: string,
  schemas: Schemas,
  version?: number,
): MessageTypes<Schemas> {
  const topic = topicName(module, channel, version);
  const types = Object.entries(schemas).map(([type, schema]) => [type, { topic, module, type, schema }]);
  // Object.fromEntries forgets the keys that the mapped type states.
  return Object.fromEntries(types) as MessageTypes<Schemas>;
}

/**
 * The commands a module takes, keyed by aggregate id; only the order saga sends commands. `version`: of the topic, for
 * what the readers of the one before could not take.
 */
export const defineCommands = <Schemas extends Record<string, z.ZodType>>(
  module: string,
  schemas: Schemas,
  version?: number,
) => defineTopic(module, "commands", schemas, version);

/** The events a module tells, keyed by aggregate id; `version` as above. */
export const defineEvents = <Schemas extends Record<string, z.ZodType>>(
  module: string,
  schemas: Schemas,
  version?: number,
) => defineTopic(module, "events", schemas, version);

/** Events that are keyed by something else than the module's aggregate, on a topic of their own, `<about>.events`. */
export const defineEventsAbout = <Schemas extends Record<string, z.ZodType>>(
  module: string,
  about: string,
  schemas: Schemas,
  version?: number,
) => defineTopic(module, `${about}.events`, schemas, version);

/** A message that a decision sends: not yet numbered, already checked and serialised. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly type: string;
  readonly data: string;
}

/** What a broker takes is 1 MiB; keys and headers come on top. */
export const MESSAGE_LIMIT_BYTES = 1_000_000;

/**
 * Checks `data` against the contract and serialises it. Throws a ZodError, or an error that tells the size of what is
 * over the limit: both are bugs of the sender, whose own message is parked or whose request fails.
 */
export function message<Data>(type: MessageType<Data>, data: Data): OutgoingMessage {
  const text = JSON.stringify(type.schema.parse(data));
  if (text.length > MESSAGE_LIMIT_BYTES / 3 && Buffer.byteLength(text) > MESSAGE_LIMIT_BYTES)
    throw new Error(
      `a ${type.type} has ${Buffer.byteLength(text)} bytes, and a message may have ${MESSAGE_LIMIT_BYTES}: send less, or a reference`,
    );
  return { topic: type.topic, type: type.type, data: text };
}
