/** One line for what was saved together, whichever processes it restarts: told when the last of them is up. */
import type { Clock } from "../../../clock.ts";
import type { Save } from "../saves.ts";
import { named } from "../words.ts";
import type { Group } from "./groups.ts";

export interface RestartReport {
  /** These groups are restarted by it. */
  saved(save: Save, concerned: readonly Group[]): void;
  up(group: Group): void;
  /** It does not come up, which is told elsewhere: nobody waits for it. */
  down(group: Group): void;
}

interface RestartReportSettings {
  readonly groups: readonly Group[];
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

export function createRestartReport({ groups, clock, say }: RestartReportSettings): RestartReport {
  const pending = new Set<Group>();
  const restarted = new Set<Group>();
  const files = new Set<string>();
  let sinceMs = 0;

  function end(group: Group, isUp: boolean) {
    if (!pending.delete(group)) return;
    if (isUp) restarted.add(group);
    if (pending.size > 0) return;
    if (restarted.size > 0) say(`restarted ${whichOf()} in ${clock.now() - sinceMs} ms: ${named([...files].sort())}`);
    restarted.clear();
    files.clear();
  }

  function whichOf(): string {
    if (restarted.size === groups.length) return `all ${groups.length} processes`;
    const names = groups.filter((group) => restarted.has(group)).map(({ name }) => name);
    return names.join(" and ");
  }

  return {
    saved(save, concerned) {
      if (pending.size === 0) sinceMs = save.sinceMs;
      for (const file of save.files) files.add(file);
      for (const group of concerned) {
        pending.add(group);
        restarted.delete(group);
      }
    },
    up: (group) => end(group, true),
    down: (group) => end(group, false),
  };
}
