import { lookup } from "node:dns/promises";
import type { Scheduler } from "../scheduler.ts";

/** The addresses of a host; rejects as Node's `lookup` does. */
export type LookUp = (hostname: string) => Promise<readonly string[]>;

/**
 * Asks the system, so names of a cluster's headless service lead to its pods. Where a host has addresses of both kinds
 * only those of IPv4: a pod or `localhost` has one of each, and would count twice.
 */
export const systemLookUp =
  (scheduler: Scheduler): LookUp =>
  async (hostname) => {
    const name = hostname.replace(/^\[(.*)\]$/, "$1");
    const found = await scheduler.external("look-up", () => lookup(name, { all: true }));
    const fours = found.filter(({ family }) => family === 4);
    return [...new Set((fours.length > 0 ? fours : found).map(({ address }) => address))].sort();
  };
