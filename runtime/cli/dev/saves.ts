/**
 * What was saved in the folders of the source. Editors save in place, or by writing another file and renaming it; both
 * are seen, and so are new files, new folders, removals. Saves that follow each other closely are one. Files that the
 * application does not load (tests and their fixtures, an editor's own) are not reported.
 *
 * A system that cannot watch is a `StartError`: nobody should edit for minutes before noticing.
 */
import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../error-text.ts";
import type { Scheduler } from "../../scheduler.ts";
import { StartError } from "../../start-error.ts";

export interface Save {
  /** From the root, with forward slashes, sorted. */
  readonly files: readonly string[];
  /** When the first of them was seen. */
  readonly sinceMs: number;
}

export interface Saves {
  /** Resolves when there is something to take; at once when there is already. */
  some(): Promise<void>;
  /** What was saved since the last time. */
  take(): Save;
  close(): void;
}

interface WatchSettings {
  readonly root: string;
  /** Folders under the root, and all below them. */
  readonly folders: readonly string[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly onFault: (reason: string) => void;
}

/** One save is several events, and "save all" several files: it is quiet for this long after the last. */
const QUIET_MS = 40;
const LOADED = /^[^.#~].*\.(?:ts|tsx|sql|json|css|html|svg)$/;
const NOT_LOADED = /\.(?:test|fixture)\.tsx?$/;

/** Watches until it is closed. */
export function watchSaves(settings: WatchSettings): Saves {
  const { clock, scheduler, root } = settings;
  const files = new Set<string>();
  let sinceMs = 0;
  let waiting = Promise.withResolvers<void>();
  let cancel: () => void = () => undefined;

  function saw(path: string) {
    if (!isLoaded(path)) return;
    if (files.size === 0) sinceMs = clock.now();
    files.add(path);
    cancel();
    cancel = scheduler.after(QUIET_MS, () => waiting.resolve());
  }

  const watchers: FSWatcher[] = [];
  const close = () => {
    cancel();
    for (const watcher of watchers) watcher.close();
  };
  try {
    for (const folder of settings.folders.filter((each) => existsSync(join(root, each)))) {
      const watcher = watch(join(root, folder), { recursive: true }, (_event, name) => {
        if (name !== null) saw(`${folder}/${name.replaceAll("\\", "/")}`);
      });
      watcher.on("error", (error) => settings.onFault(error.message));
      watchers.push(watcher);
    }
  } catch (error) {
    close();
    const reason = messageOf(error);
    throw new StartError(
      `The source cannot be watched (${reason}): raise the system's limit of file watches (Linux: \`sysctl fs.inotify.max_user_watches=524288\`), or run \`dev --no-watch\``,
      { cause: error },
    );
  }
  return {
    some: () => waiting.promise,
    take() {
      waiting = Promise.withResolvers();
      const taken = { files: [...files].sort(), sinceMs };
      files.clear();
      return taken;
    },
    close,
  };
}

/** Whether a change of this file can change what the application does. */
export function isLoaded(path: string): boolean {
  return LOADED.test(basename(path)) && !NOT_LOADED.test(path) && !path.includes("/node_modules/");
}
