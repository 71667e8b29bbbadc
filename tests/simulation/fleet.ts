/**
 * The replicas of one seed: they start, crash and are started again, leave in order as a rolling update makes them, and
 * join later. How many are wanted is the seed's; at least one always is. A replica that was told to leave is not started
 * again when it crashes on its way out.
 */
import type { Database } from "../../runtime/database/port.ts";
import type { Random } from "../../runtime/random.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
import { between, chance, oneOf, streamOf } from "./seed.ts";
import type { Trace } from "./trace.ts";
import type { NodeContext, Scenario } from "./workload.ts";

interface Slot<Api> {
  readonly index: number;
  generation: number;
  wanted: boolean;
  actor: Actor | undefined;
  context: NodeContext | undefined;
  api: Api | undefined;
}

export interface Fleet<Api> {
  /** Starts the first replicas and plans who comes and goes. */
  begin(scenario: Scenario<Api>): void;
  crash(actor: Actor, moment: string): void;
  /** The replicas that are wanted, dead or alive. */
  listening(): readonly number[];
  /** The replica's present life, if it has begun and takes requests. */
  at(index: number): { readonly actor: Actor; readonly api: Api } | undefined;
  /** Faults are over: sometimes one replica of several leaves for good, in order or without a word. */
  scaleAway(): void;
  /** Whether a later life of this one's replica has begun. */
  isReplaced(actor: Actor): boolean;
  /** Kills all, at the end of a seed. */
  end(): void;
}

export interface FleetOptions {
  readonly seed: number;
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
  /** The actor of what happens outside of the replicas. */
  readonly server: Actor;
  readonly random: Random;
  readonly replicas: { readonly least: number; readonly most: number };
  readonly databaseOf: (actor: Actor, module: string) => Database;
}

/** While clients still ask, or later. */
const SCALING_WITHIN_MS = [1500, 12_000];
const MOMENT_WIDTH = 90;

export function createFleet<Api>(options: FleetOptions): Fleet<Api> {
  const { seed, loop, faults, trace, server, random, replicas } = options;
  const slots: Slot<Api>[] = Array.from({ length: replicas.most }, (_, index) => ({
    index,
    generation: 0,
    wanted: false,
    actor: undefined,
    context: undefined,
    api: undefined,
  }));
  let scenario: Scenario<Api> | undefined;

  const wanted = () => slots.filter((slot) => slot.wanted);
  const note = (text: string) => {
    trace.line(`${loop.now()} ${text}`);
    trace.tell(() => ({ about: [], text }));
  };

  function start(slot: Slot<Api>) {
    slot.generation += 1;
    const { skewMs } = faults.profile;
    const name = `node${slot.index}.${slot.generation}`;
    const actor = loop.createActor(name, true, skewMs === 0 ? 0 : between(random, -skewMs, skewMs));
    slot.actor = actor;
    note(`${name} starts`);
    const context: NodeContext = {
      index: slot.index,
      generation: slot.generation,
      actor,
      clock: loop.clockOf(actor),
      random: streamOf(seed, name),
      scheduler: loop.schedulerOf(actor),
      database: (module) => options.databaseOf(actor, module),
    };
    slot.context = context;
    scenario?.start(context).then(
      (api) => {
        if (actor.alive) slot.api = api;
      },
      (error: unknown) => {
        trace.line(`START of ${name} failed: ${String(error)}`);
        if (actor.alive) crash(actor, "at its start");
      },
    );
  }

  function crash(actor: Actor, moment: string) {
    const slot = slots.find((candidate) => candidate.actor === actor);
    if (slot === undefined) throw new Error(`${actor.name} cannot crash`);
    note(`${actor.name} crashes, ${moment.slice(0, MOMENT_WIDTH)}`);
    end(slot, actor);
    loop.after(server, faults.durationMs(faults.profile.restartMs), () => {
      if (slot.wanted && slot.actor === undefined) start(slot);
    });
  }

  function end(slot: Slot<Api>, actor: Actor) {
    slot.actor = undefined;
    slot.api = undefined;
    loop.kill(actor);
  }

  /** As SIGTERM does it; one that has not yet started just ends. */
  function leave(slot: Slot<Api>) {
    slot.wanted = false;
    const { actor, api, context } = slot;
    if (actor === undefined) return;
    if (api === undefined || context === undefined || scenario?.stop === undefined) return end(slot, actor);
    note(`${actor.name} is told to end in order`);
    actor.stopping = true;
    scenario.stop(api, context).then(() => {
      note(`${actor.name} has ended in order`);
      end(slot, actor);
    });
  }

  function scale() {
    const present = wanted();
    const free = slots.filter((slot) => !slot.wanted && slot.actor === undefined);
    const leaves = chance(random, 0.5);
    if (present.length > replicas.least && (leaves || free.length === 0)) {
      faults.count("replicaLeaves");
      leave(oneOf(random, present));
    } else if (free.length > 0) {
      faults.count("replicaJoins");
      const slot = oneOf(random, free);
      slot.wanted = true;
      start(slot);
    }
  }

  return {
    begin(theScenario) {
      scenario = theScenario;
      const first = between(random, replicas.least, replicas.most);
      for (const slot of slots.slice(0, first)) {
        slot.wanted = true;
        start(slot);
      }
      if (scenario.stop === undefined) return;
      for (let count = 0; count < faults.profile.scalings; count++)
        loop.after(server, between(random, 0, oneOf(random, SCALING_WITHIN_MS)), () => {
          if (faults.active) scale();
        });
    },
    crash,
    listening: () => wanted().map(({ index }) => index),
    at(index) {
      const { actor, api } = slots[index] ?? {};
      return actor === undefined || api === undefined ? undefined : { actor, api };
    },
    scaleAway() {
      const present = wanted();
      const isOne = chance(random, 0.4);
      const inOrder = chance(random, 0.5);
      if (!isOne || present.length < 2 || scenario?.stop === undefined) return;
      faults.count("replicaLeavesForGood");
      const slot = oneOf(random, present);
      if (inOrder) return leave(slot);
      slot.wanted = false;
      if (slot.actor === undefined) return;
      note(`${slot.actor.name} ends for good, without a word`);
      end(slot, slot.actor);
    },
    isReplaced: (actor) =>
      slots.some(
        ({ index, actor: now }) => now !== undefined && now !== actor && actor.name.startsWith(`node${index}.`),
      ),
    end() {
      for (const slot of slots) if (slot.actor !== undefined) end(slot, slot.actor);
    },
  };
}
