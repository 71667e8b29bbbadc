/** Which groups are up, and what is told of each on the terminal. */
import type { Clock } from "../../../clock.ts";
import type { Save } from "../saves.ts";
import type { Occurrence } from "../supervise.ts";
import { inWords } from "../words.ts";
import type { Group } from "./groups.ts";
import { createOutput } from "./output.ts";
import { createRestartReport } from "./restart-report.ts";

interface GroupStateSettings {
  readonly groups: readonly Group[];
  readonly clock: Clock;
  readonly coloured: boolean;
  readonly write: (line: string) => void;
  readonly say: (line: string) => void;
}

export interface GroupState {
  /** Writes a line of the group's process. */
  line(group: Group, text: string): void;
  happened(group: Group, occurrence: Occurrence): void;
  /** A save restarts these groups. */
  saved(save: Save, concerned: readonly Group[]): void;
  /** False once its process ended or did not start, until it is there again. */
  isUp(group: Group): boolean;
  /** Resolves when each group has been up. */
  readonly allUp: Promise<void>;
}

export function createGroupState({ groups, clock, coloured, write, say }: GroupStateSettings): GroupState {
  const line = createOutput({ names: groups.map(({ name }) => name), coloured, write });
  const report = createRestartReport({ groups, clock, say });
  const starting = new Set(groups);
  const down = new Set<Group>();
  const { promise: allUp, resolve: tellAllUp } = Promise.withResolvers<void>();

  function isUpNow(group: Group) {
    down.delete(group);
    starting.delete(group);
    report.up(group);
    if (starting.size === 0) tellAllUp();
  }

  function isDownNow(group: Group) {
    down.add(group);
    report.down(group);
  }

  return {
    line: (group, text) => line(group.name, text),
    happened(group, occurrence) {
      const isDown = occurrence.kind === "ended" || occurrence.kind === "refused";
      if (isDown) isDownNow(group);
      else isUpNow(group);
      // A restart is told with others that the same save has caused.
      if (occurrence.kind !== "ready" && occurrence.kind !== "restarted") line(group.name, inWords(occurrence));
    },
    saved: report.saved,
    isUp: (group) => !down.has(group),
    allUp,
  };
}
