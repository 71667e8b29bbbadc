/**
 * What may travel on the topics that a module owns: kept as a file for each version, and held against all of them.
 *
 * A type that is new, or new in a topic, breaks nobody as long as nobody sends it: a reader that does not know it parks
 * it. So one release declares it, and a later one sends it. A type ends with the last file that holds it: a file may be
 * deleted when no process runs its version and none of its messages is left, dead letters included.
 */
import * as z from "zod";
import { messageOf } from "../error-text.ts";
import type { Topic } from "../messages/contract.ts";
import type { ModuleFacts } from "../module.ts";
import { topicsOf } from "../registry.ts";
import { StartError } from "../start-error.ts";
import { incompatibilities } from "./compatibility.ts";
import { DIALECT, type JsonSchema, jsonSchemaOf, jsonSchemaSchema } from "./json-schema.ts";

export interface ModuleContract {
  readonly module: string;
  readonly version: string;
  readonly jsonSchemaDialect: string;
  /** Of the topics that the module owns, by name: the schemas of their types. */
  readonly topics: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
}

/** Reads what `contractsOf` made and a file kept. */
export const moduleContractSchema: z.ZodType<ModuleContract> = z.strictObject({
  module: z.string(),
  version: z.string(),
  jsonSchemaDialect: z.literal(DIALECT),
  topics: z.record(z.string(), z.record(z.string(), jsonSchemaSchema)),
});

/** The contracts of all modules that own a topic. Throws a `StartError` that names the type no file could keep. */
export function contractsOf(modules: readonly ModuleFacts[], version: string): readonly ModuleContract[] {
  const topics = Map.groupBy(topicsOf(modules), ({ module }) => module);
  return [...topics].map(([module, owned]) => ({
    module,
    version,
    jsonSchemaDialect: DIALECT,
    topics: Object.fromEntries(owned.map((topic) => [topic.name, schemasOf(topic)])),
  }));
}

const schemasOf = ({ name, types }: Topic) =>
  Object.fromEntries(
    [...types].map(([type, schema]) => {
      try {
        return [type, jsonSchemaOf(schema)];
      } catch (error) {
        throw new StartError(`${type} on ${name}: ${messageOf(error)}`, { cause: error });
      }
    }),
  );

export interface ContractFault {
  readonly module: string;
  readonly topic: string;
  /** Absent: the whole topic. */
  readonly type?: string;
  /** A JSON pointer, as `Incompatibility` has it; absent: the whole type. */
  readonly field?: string;
  readonly reason: string;
  readonly remedy: string;
}

/** What a new version would break for those that run a released one, or for their messages. */
export function contractFaults(released: ModuleContract, current: ModuleContract["topics"]): readonly ContractFault[] {
  const { module, version } = released;
  return Object.entries(released.topics).flatMap(([topic, types]): readonly ContractFault[] => {
    const now = current[topic];
    if (!now) return [{ module, topic, ...gone(version, topic) }];
    return Object.entries(types).flatMap(([type, schema]) => {
      const kept = now[type];
      if (!kept) return [{ module, topic, type, ...gone(version, topic) }];
      return incompatibilities(schema, kept).map(({ field, refusedBy, reason }) => ({
        module,
        topic,
        type,
        field,
        reason: `${refusedBy === "current" ? `this version refuses what ${version}` : `${version} refuses what this version`} sends: ${reason}`,
        remedy: `leave ${type} as it was, and define a new type beside it, which a later release sends when every reader knows it`,
      }));
    });
  });
}

const gone = (version: string, topic: string) => ({
  reason: `it is gone, and ${version} sends or reads it`,
  remedy: `keep it while ${version} runs or a message of it is left, or leave it out of a new topic, ${nextVersionOf(topic)}`,
});

const nextVersionOf = (topic: string) =>
  topic.replace(/\.v(\d+)$/, (_version, number: string) => `.v${Number(number) + 1}`);

/** A fault as one line. */
export function contractFaultLine({ module, topic, type, field, reason, remedy }: ContractFault): string {
  const place = [topic, type, field === "" ? "(the whole message)" : field].filter((part) => part !== undefined);
  return `${module}: ${place.join(" ")}: ${reason}. Instead: ${remedy}.`;
}
