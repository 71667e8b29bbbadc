/**
 * One colour takes over from another under load, as a blue/green rollout does it, is taken back after the switch, and
 * once more within the overlap. The new colour does nothing before the switch, the old one goes on for the overlap and
 * does nothing afterwards, orders are confirmed all along, and the books are right in the end.
 */
import { eventually } from "../journeys/client.ts";
import { type Load, type Outcome, underLoad } from "../upgrade/under-load.ts";
import { ALL_SHARDS, type Colour, type ColoursArena } from "./arena.ts";

export interface TakeoverOptions {
  readonly arena: ColoursArena;
  readonly seed: number;
  readonly buyers: number;
  readonly blue: string;
  readonly green: string;
  /** The active Service selects that template from now on; resolves when that is written. */
  readonly select: (hash: string) => Promise<void>;
  /** What else is tried while one colour is active and the other one stands by. */
  readonly more?: (load: Load, colours: { readonly active: Colour; readonly idle: Colour }) => Promise<void>;
}

export interface Takeover extends Outcome {
  /** From the switch until the new colour took part, and until the old one stood by. */
  readonly switches: readonly { readonly to: string; readonly activeAfterMs: number; readonly idleAfterMs: number }[];
  /** The longest time that an order took to be confirmed. */
  readonly longestConfirmMs: number;
}

const SOON_MS = 10_000;
/** Time for work that nobody should do. */
const LOOK_MS = 600;

export async function takeOver(options: TakeoverOptions): Promise<Takeover> {
  const { arena, select, seed, buyers } = options;
  const switches: Takeover["switches"][number][] = [];
  let longestConfirmMs = 0;
  await select(options.blue);
  const blue = await arena.start(options.blue);
  await arena.route(blue);
  const load = { ...arena, seed, buyers, output: arena.output };
  const outcome = await underLoad(load, async (present, violations) => {
    const confirm = async () => {
      const beganMs = performance.now();
      await present.confirm();
      longestConfirmMs = Math.max(longestConfirmMs, performance.now() - beganMs);
    };
    let isOver = false;
    const all = (async () => {
      while (!isOver) await confirm();
    })();
    // Told by `await all`, whenever that is.
    all.catch(() => undefined);

    async function switchTo(next: Colour, old: Colour) {
      const beganMs = performance.now();
      const sinceMs = () => performance.now() - beganMs;
      await select(next.hash);
      await arena.route(next);
      await until(`${next.hash} takes part`, next.isActive);
      const activeAfterMs = sinceMs();
      const wasActive = await old.isActive();
      if (!wasActive && sinceMs() < arena.overlapMs) violations.push(`${old.hash} ended before the overlap was over`);
      await until(`${old.hash} stands by`, async () => !(await old.isActive()));
      switches.push({ to: next.hash, activeAfterMs, idleAfterMs: sinceMs() });
      await until("the one that takes part holds all shards", () => isSole(arena));
      await standsBy(old, next);
    }

    /** It does nothing, while the other one works. */
    async function standsBy(idle: Colour, active: Colour) {
      // What it had in hand is finished.
      await confirm();
      const [before, others] = [await idle.handled(), await active.handled()];
      await Promise.all([confirm(), Bun.sleep(LOOK_MS)]);
      const [after, othersAfter] = [await idle.handled(), await active.handled()];
      if (after > before) violations.push(`${idle.hash} stands by, and has handled ${after - before} items`);
      if (othersAfter <= others) violations.push(`${active.hash} takes part, and has handled nothing`);
    }

    await confirm();
    const green = await arena.start(options.green);
    if (await green.isActive()) violations.push("the new colour takes part before the switch");
    if (!(await isSole(arena))) violations.push("the new colour holds shards before the switch");
    await standsBy(green, blue);
    if ((await green.handled()) > 0) violations.push("the new colour has worked before the switch");
    await switchTo(green, blue);
    await switchTo(blue, green);
    // Taken back before the overlap is over: the old colour goes on as if nothing had been.
    await select(green.hash);
    await until("the new colour takes part", green.isActive);
    await select(blue.hash);
    await until("the new colour stands by", async () => !(await green.isActive()));
    if (!(await blue.isActive())) violations.push("the old colour ended though the switch was taken back");
    await standsBy(green, blue);
    await options.more?.({ ...present, confirm }, { active: blue, idle: green });
    isOver = true;
    await all;
  });
  return { ...outcome, switches, longestConfirmMs };
}

/** Whether one active replica holds all shards of each module. */
export const isSole = async (arena: ColoursArena) =>
  (await arena.replicas()).every(({ active, shardsOfActive }) => active === 1 && shardsOfActive === ALL_SHARDS);

/** Waits for it; throws after a while. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  if (!(await eventually(holds, (held) => held, SOON_MS))) throw new Error(`after ${SOON_MS} ms still not so: ${what}`);
}
