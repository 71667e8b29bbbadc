import type { Workload } from "./workload.ts";

/** Whether there may be a workload of this name. */
export const isWorkloadName = (name: string): boolean =>
  name === "platform" || name === "platform:kafka" || name.startsWith("toy:");

/** Finds a workload by name: `platform`, `platform:kafka` or `toy:MISTAKE`. */
export async function loadWorkload(name: string): Promise<Workload<unknown>> {
  const [kind, variant] = name.split(":");
  if (kind === "toy") {
    const { isToyMistake, toyWorkload } = await import("./toy.ts");
    if (isToyMistake(variant)) return hide(toyWorkload(variant));
  }
  if (kind === "platform") {
    const { platformWorkload } = await import("./platform.ts");
    return hide(platformWorkload(variant === "kafka" ? "all seeds" : "some seeds"));
  }
  throw new Error(`there is no workload "${name}"`);
}

/** The simulation only hands a node's api through, so it does without its type. */
const hide = <Api>(workload: Workload<Api>): Workload<unknown> =>
  // Reason for `as`: what `start` gives is only ever given back to the same workload's requests.
  workload as Workload<unknown>;
