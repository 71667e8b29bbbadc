/** The applications that this process runs, noted in its data directory as soon as that is its own. */
import type { Application } from "./application.ts";
import { noteApplications } from "./orphans.ts";

export interface NotedApplications {
  add(application: Application): void;
  /** The data directory is ours: from now on the note is kept. */
  begin(): void;
}

export function createNotedApplications(dataDir: string): NotedApplications {
  const running = new Set<number>();
  let isOurs = false;
  const write = () => {
    if (isOurs) noteApplications(dataDir, running);
  };
  return {
    add({ pid, ended }) {
      running.add(pid);
      write();
      ended.then(() => {
        running.delete(pid);
        write();
      });
    },
    begin() {
      isOurs = true;
      write();
    },
  };
}
