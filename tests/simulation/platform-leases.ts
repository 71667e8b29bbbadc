/**
 * Who holds which shard by the tables, as the statements that change it are answered: counts leases that end while their
 * holder lives, shards that are taken from the living, and holders who wake and believe that what was taken from them
 * is still theirs. None of these is a violation: the invariants say whether they did harm.
 */
import type { Statement } from "../../runtime/database/port.ts";
import type { Outcome } from "./backends.ts";
import type { Actor } from "./loop.ts";
import type { PlatformNode } from "./platform-node.ts";
import type { World } from "./workload.ts";

export interface Leases {
  onAnswered(owner: Actor, module: string, statement: Statement, outcome: Outcome): void;
  onWake(actor: Actor): void;
  /** Who holds the shard by the table. */
  holderOf(module: string, shard: number): Actor | undefined;
}

export function createLeases({ loop, faults, trace }: World<PlatformNode>, leaseMs: number): Leases {
  const holders = new Map<string, Actor>();
  /** When each holder has beaten last, by its own clock. */
  const beats = new Map<string, number>();
  /** Shards that were taken from somebody alive, until he is seen to act again. */
  const taken = new Map<Actor, Set<string>>();
  const nameOf = (module: string, shard: unknown) => `${module}/${String(shard)}`;
  const beatOf = (actor: Actor, module: string) => beats.get(`${actor.name} ${module}`);
  const clockOf = (actor: Actor) => loop.clockOf(actor).now();

  /** By his own clock his lease still lasts. */
  function believes(actor: Actor, module: string): boolean {
    const beatMs = beatOf(actor, module);
    return beatMs !== undefined && clockOf(actor) < beatMs + leaseMs;
  }

  function beat(actor: Actor, module: string) {
    const lastMs = beatOf(actor, module);
    const atMs = clockOf(actor);
    if (lastMs !== undefined && atMs >= lastMs + leaseMs) {
      faults.count("leaseExpiredAlive");
      trace.tell(() => ({ about: [], text: `${actor.name} (${module}): its lease had expired, it beats again` }));
    }
    beats.set(`${actor.name} ${module}`, atMs);
  }

  function take(actor: Actor, module: string, shards: readonly unknown[]) {
    const losers = new Set<Actor>();
    for (const shard of shards) {
      const name = nameOf(module, shard);
      const before = holders.get(name);
      holders.set(name, actor);
      if (before === undefined || before === actor || !before.alive) continue;
      losers.add(before);
      taken.set(before, (taken.get(before) ?? new Set()).add(name));
    }
    for (const loser of losers) {
      faults.count("takenFromLiving");
      if (loser.pausedUntilMs <= loop.now() && believes(loser, module)) faults.count("twoHolders");
    }
    trace.tell(() => {
      const from = [...losers].map(({ name }) => `, from ${name}, which is alive`).join("");
      return { about: [], text: `${actor.name} takes the ${module} shards ${shards.join(" ")}${from}` };
    });
  }

  return {
    holderOf: (module, shard) => holders.get(nameOf(module, shard)),
    onAnswered(owner, module, { text, params }, outcome) {
      if (outcome.status !== "fulfilled") return;
      const { rows } = outcome.value;
      if (text.includes("insert into replica")) return beat(owner, module);
      if (text.startsWith("update shard s set holder")) {
        const shards = rows.map(({ shard }) => shard);
        if (shards.length > 0) take(owner, module, shards);
      }
      if (text.startsWith("update shard set holder = null"))
        for (const shard of String(params[1]).match(/\d+/g) ?? []) {
          const name = nameOf(module, shard);
          if (holders.get(name) === owner) holders.delete(name);
        }
    },
    onWake(actor) {
      const lost = taken.get(actor);
      if (lost === undefined) return;
      taken.delete(actor);
      faults.count("wokeAfterTakeover");
      const modules = new Set([...lost].map((name) => name.split("/", 1)[0] ?? ""));
      const deceived = [...modules].filter((module) => believes(actor, module));
      if (deceived.length > 0) faults.count("twoHolders");
      trace.tell(() => ({
        about: [],
        text: `${actor.name} wakes: others have taken its shards of ${[...modules].join(", ")}${
          deceived.length > 0 ? `, and by its own clock it still holds those of ${deceived.join(", ")}` : ""
        }`,
      }));
    },
  };
}
