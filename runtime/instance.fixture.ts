import type { Instance } from "./instance.ts";

/** A process that runs in order, but for what a test wants to be different. */
export const anInstance = (different: Partial<Instance> = {}): Instance => ({
  id: "01890000-0000-7000-8000-000000000001",
  version: "1.2.3",
  startedAt: "2026-05-01T00:00:00.000Z",
  modules: ["order"],
  edge: true,
  transport: "kafka",
  cache: "redis",
  ready: true,
  active: true,
  parts: [{ name: "order", state: "up" }],
  ...different,
});
