import type { ModuleFacts } from "./module.ts";

/** A module of which no more is known than its topics. */
export const moduleOf = (name: string, topics: ModuleFacts["topics"]): ModuleFacts => ({
  name,
  topics,
  serves: [],
  asks: [],
  routes: [],
});
