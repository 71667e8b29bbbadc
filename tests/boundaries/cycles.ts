/**
 * Import cycles, file by file. Types count as well, and so does `import()`: files that reach each other cannot be read
 * one after the other, whatever is left of their imports when the program runs.
 */
import type { SourceFile } from "./tree.ts";

/** One cycle for each group of files that reach each other: the shortest through its first file, from that file on. */
export function cyclesOf(files: readonly SourceFile[]): string[][] {
  const known = new Set(files.map((file) => file.path));
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const targets = file.imports.flatMap(({ target }) => (target !== undefined && known.has(target) ? [target] : []));
    graph.set(file.path, targets);
  }
  const cycles: string[][] = [];
  const inCycle = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (inCycle.has(start)) continue;
    const cycle = shortestCycle(graph, start);
    if (cycle === undefined) continue;
    for (const path of cycle) inCycle.add(path);
    cycles.push(cycle);
  }
  return cycles;
}

function shortestCycle(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const target of graph.get(path) ?? []) {
      if (target === start) return trail(cameFrom, start, path);
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, path);
      queue.push(target);
    }
  }
  return undefined;
}

function trail(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const path = [end];
  for (let at = end; at !== start; ) {
    at = cameFrom.get(at) ?? start;
    path.push(at);
  }
  return path.reverse();
}
