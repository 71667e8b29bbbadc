/**
 * Two colours of the platform, as a blue/green rollout makes them: in some seeds every second replica is of another
 * template, and the active Service selects now the one and now the other, back before the overlap is over as well. Each
 * replica hears of it with a delay of its own, after an outage of the API server late, and after its start not at once. A
 * colour is only selected while it has replicas; they may die meanwhile. Drawn from streams of its own.
 */
import { type Activity, ALWAYS_ACTIVE } from "../../runtime/activity/port.ts";
import { createRolloutActivity, type RolloutActivity } from "../../runtime/activity/rollout-activity.ts";
import type { Log } from "../../runtime/log.ts";
import type { Actor } from "./loop.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { NodeContext, World } from "./workload.ts";

export interface Colours {
  /** Of one life of a replica, from its start on. */
  activityOf(context: NodeContext, log: Log): Activity;
  /** No fault from here on: the colour that is selected in the end has a replica that stays. */
  onCalm(): void;
}

const COLOURED = 0.4;
const SWITCHES_WITHIN_MS = 14_000;
const OUTAGE_MS = 12_000;
const OUTAGE_IN = 0.2;
const ABORTED = 0.4;
const COLOUR_NAMES = ["blue", "green"] as const;
type Colour = (typeof COLOUR_NAMES)[number];

/** `pollMs`: the seed's own measure of time. */
export function createColours(world: World<unknown>, pollMs: number): Colours {
  const { loop, faults, trace } = world;
  const random = world.random("colours");
  if (!chance(random, COLOURED)) return { activityOf: () => ALWAYS_ACTIVE, onCalm: () => undefined };
  const overlapMs = between(random, 0, 6 * pollMs);
  const delayMs = between(random, 0, 3 * pollMs);
  const graceMs = between(random, pollMs, 8 * pollMs);
  const lives: { readonly actor: Actor; readonly activity: RolloutActivity }[] = [];
  let selected: Colour = "blue";
  faults.count("colours");
  trace.line(`colours: ${JSON.stringify({ overlapMs, delayMs, graceMs })}`);

  const colourOf = (index: number): Colour => COLOUR_NAMES[index % COLOUR_NAMES.length] ?? "blue";

  /** Sooner or later it hears what is selected by then, as whoever watches does. */
  function tell({ actor, activity }: (typeof lives)[number]) {
    const isAway = faults.active && chance(random, OUTAGE_IN);
    if (isAway) {
      faults.count("apiServerAway");
      activity.problem({ text: "the API server is away", isRefusal: false });
    }
    const waitMs = between(random, 0, delayMs) + (isAway ? between(random, 0, OUTAGE_MS) : 0);
    loop.after(actor, waitMs, () => {
      activity.problem(null);
      activity.selects(selected);
    });
  }

  function select(next: Colour) {
    if (next === selected) return;
    selected = next;
    faults.count("colourSwitch");
    trace.line(`${loop.now()} the Service selects ${next}`);
    trace.tell(() => ({ about: [], text: `the Service selects ${next}` }));
    for (const life of lives) if (life.actor.alive) tell(life);
  }

  const listening = () => world.listening().map(colourOf);
  function switchOver() {
    const other = selected === "blue" ? "green" : "blue";
    if (faults.active && listening().includes(other)) select(other);
  }
  for (let count = oneOf(random, [1, 1, 2, 3, 5]); count > 0; count--)
    world.scheduler.after(between(random, 0, SWITCHES_WITHIN_MS), () => {
      switchOver();
      // Taken back, before the old colour has ended or hardly after.
      if (chance(random, ABORTED)) world.scheduler.after(between(random, 0, 2 * overlapMs), switchOver);
    });

  return {
    activityOf({ index, actor, scheduler }, log) {
      const activity = createRolloutActivity({
        ownHash: colourOf(index),
        overlapMs,
        graceMs,
        scheduler,
        log,
        condition: () => undefined,
      });
      activity.onChange((isActive) => {
        if (!isActive) faults.count("standsBy");
        trace.tell(() => ({ about: [], text: `${actor.name} ${isActive ? "is active" : "stands by"}` }));
      });
      activity.start();
      const life = { actor, activity };
      lives.push(life);
      tell(life);
      return activity;
    },
    onCalm() {
      const [first] = listening();
      if (first !== undefined && !listening().includes(selected)) select(first);
    },
  };
}
