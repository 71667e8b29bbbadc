/**
 * The shape of the platform in one seed: all modules of a node in one process that delivers to itself, or over Kafka-like
 * brokers, and then in one process or several. Drawn from streams of its own: what the other seeds draw stays as it was.
 */
import type { Module } from "../../runtime/module.ts";
import { type Brokers, createBrokers } from "./kafka/brokers.ts";
import { createHintWire, type HintWire } from "./platform-hints.ts";
import { createSwitchboard, type Switchboard } from "./platform-rpc.ts";
import { chance, oneOf } from "./seed.ts";
import type { World } from "./workload.ts";

/** What the processes of a split platform share beside their databases. */
export interface Between {
  readonly brokers: Brokers;
  readonly hints: HintWire;
  readonly switchboard: Switchboard;
}

export interface Shape {
  /** Null: each node is one process, and its transport is in it. */
  readonly between: Between | null;
  /** Names of the modules of each process of a node. */
  readonly groups: readonly (readonly string[])[];
}

/** How many seeds have brokers. */
export type BrokersIn = "some seeds" | "all seeds";

const BROKERS_IN = 0.35;

export function drawShape(world: World<unknown>, modules: readonly Module[], brokersIn: BrokersIn): Shape {
  const { loop, faults, trace } = world;
  const draws = world.random("shape");
  const names = modules.map(({ name }) => name);
  const hasBrokers = chance(draws, BROKERS_IN) || brokersIn === "all seeds";
  const half = Math.ceil(names.length / 2);
  const groups = oneOf(draws, [[names], [names.slice(0, half), names.slice(half)], names.map((name) => [name])]);
  if (!hasBrokers) return { between: null, groups: [names] };
  trace.line(`over brokers: ${JSON.stringify(groups)}`);
  trace.tell(() => ({ about: [], text: `over brokers, in processes of ${groups.map(String).join(" | ")}` }));
  faults.count(groups.length === 1 ? "overBrokers" : "overBrokersSplit");
  return {
    groups,
    between: {
      brokers: createBrokers({
        loop,
        faults,
        trace,
        random: world.random("brokers"),
        topics: [
          ...new Set(modules.flatMap(({ topics }) => [...topics.sends, ...topics.subscribes]).map(({ name }) => name)),
        ],
      }),
      hints: createHintWire(loop, faults, world.random("hints")),
      switchboard: createSwitchboard(loop, faults),
    },
  };
}
