/**
 * The saves of the checkout as each process sees them: a file of a module concerns the processes that run it; a contract,
 * which others read, and everything outside the modules concerns all. A process that is not up is given every save, for
 * it loads the code of all modules, and any of them may be what keeps it down.
 */
import type { Save, Saves } from "../saves.ts";
import type { Group } from "./groups.ts";

interface GroupSavesSettings {
  readonly saves: Saves;
  readonly groups: readonly Group[];
  readonly isUp: (group: Group) => boolean;
  /** Told of each save before the groups see it. */
  readonly onSave: (save: Save, concerned: readonly Group[]) => void;
}

/** By group; they see what is saved from now on. */
export function divideSaves({ saves, groups, isUp, onSave }: GroupSavesSettings): ReadonlyMap<Group, Saves> {
  const views = new Map(groups.map((group) => [group, createView()]));
  async function divide(): Promise<never> {
    for (;;) {
      await saves.some();
      const save = saves.take();
      const concerned = groups.filter((group) => !isUp(group) || save.files.some((file) => concerns(file, group)));
      onSave(save, concerned);
      for (const group of concerned) views.get(group)?.add(save);
    }
  }
  void divide();
  return views;
}

/** Whether a change of this file changes what the group's process does. */
export function concerns(file: string, { modules }: Group): boolean {
  const [, module, rest] = /^modules\/([^/]+)\/(.+)$/.exec(file) ?? [];
  return module === undefined || rest === "contract.ts" || modules.includes(module);
}

function createView(): Saves & { add(save: Save): void } {
  let pending: Save | null = null;
  let waiting = Promise.withResolvers<void>();
  return {
    add({ files, sinceMs }) {
      pending = { files: [...(pending?.files ?? []), ...files], sinceMs: pending?.sinceMs ?? sinceMs };
      waiting.resolve();
    },
    some: () => waiting.promise,
    take() {
      const taken = pending ?? { files: [], sinceMs: 0 };
      pending = null;
      waiting = Promise.withResolvers();
      return { ...taken, files: [...new Set(taken.files)].sort() };
    },
    close: () => undefined,
  };
}
