/** A process that is about to end needs nothing more: what is being downloaded for it ends, and nothing new begins. */
import { MissingTool } from "./missing.ts";

const underWay = new Set<() => void>();
let isEnding = false;

/** From now on nothing is provisioned for this process. */
export function endProvisioning(): void {
  isEnding = true;
  for (const end of underWay) end();
}

/** Throws once this process is about to end. */
export function refuseAtTheEnd(what: string): void {
  if (isEnding) throw new MissingTool(what, "this process is about to end");
}

/** Calls `end` when this process is about to end, until the returned function is called. */
export function whenEnding(end: () => void): () => void {
  underWay.add(end);
  return () => underWay.delete(end);
}
