/**
 * Budgets in Redis, counted as in memory (memory-budgets.ts) but for all processes at once: one script looks at every
 * budget and takes of all of them or of none. The time is Redis's own, for the clocks of processes differ. A key is gone
 * when its budget is whole again.
 */
import type { Redis } from "ioredis";
import type { Budgets } from "./port.ts";

/** Undefined when the command fails or is late. */
export type InTime = <T>(command: Promise<T>) => Promise<T | undefined>;

const TAKE = `
local time = redis.call("TIME")
local now = time[1] * 1000 + time[2] / 1000
local whole, wait = {}, 0
for i, key in ipairs(KEYS) do
  local units, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  whole[i] = math.max(now, tonumber(redis.call("GET", key) or 0)) + period / units
  wait = math.max(wait, whole[i] - now - period)
end
if wait >= 1 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  redis.call("SET", key, string.format("%.3f", whole[i]), "PX", math.ceil(whole[i] - now))
end
return 0`;

export function createRedisBudgets(client: Redis, prefix: string, inTime: InTime): Budgets {
  client.defineCommand("takeBudgets", { lua: TAKE });
  return {
    async take(budgets) {
      const keys = budgets.map(({ key }) => `${prefix}budget:${key}`);
      const sizes = budgets.flatMap(({ units, periodMs }) => [units, periodMs]);
      const waitMs = await inTime(commandOf(client)(keys.length, ...keys, ...sizes));
      return typeof waitMs === "number" ? waitMs : undefined;
    },
  };
}

type TakeBudgets = (keys: number, ...args: readonly (string | number)[]) => Promise<unknown>;

/** The library adds the command to the client, which its types cannot know. */
const commandOf = (client: Redis): TakeBudgets => {
  const { takeBudgets } = client as Redis & { readonly takeBudgets: TakeBudgets };
  return takeBudgets.bind(client);
};
