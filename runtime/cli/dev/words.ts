/** What happens to an application, in one line. */
import type { Occurrence } from "./supervise.ts";

export function inWords(occurrence: Exclude<Occurrence, { readonly kind: "ready" }>): string {
  switch (occurrence.kind) {
    case "restarted":
      return `restarted in ${occurrence.tookMs} ms: ${named(occurrence.files)}`;
    case "ended": {
      const { ending, pauseMs } = occurrence;
      const how = ending.signal ?? `exit code ${ending.code}`;
      const when = pauseMs === 0 ? "at once" : `in ${pauseMs} ms`;
      return `THE APPLICATION ENDED BY ITSELF (${how}): it is started again ${when}`;
    }
    case "back":
      return "the application runs again";
    case "refused":
      return "it did not start; the next save starts it again";
  }
}

const NAMED_FILES = 3;

/** Some of the files, and how many more there are. */
export function named(files: readonly string[]): string {
  const shown = files.slice(0, NAMED_FILES).join(", ");
  return files.length <= NAMED_FILES ? shown : `${shown} and ${files.length - NAMED_FILES} more`;
}
