/** What a verification finds, told line by line and counted. */

export interface Checklist {
  /** Notes what does not hold of `what`, where anything does not; gives whether all holds. */
  readonly check: Check;
  /** Says something that is no check. */
  readonly progress: (line: string) => void;
  counts(): { readonly passed: number; readonly failed: number };
}

export type Check = (what: string, faults: readonly string[]) => boolean;

const MOST_FAULTS_SHOWN = 20;

/** An empty one that prints to `progress`. */
export function openChecklist(progress: (line: string) => void): Checklist {
  let passed = 0;
  let failed = 0;
  return {
    progress,
    counts: () => ({ passed, failed }),
    check(what, faults) {
      const holds = faults.length === 0;
      if (holds) passed += 1;
      else failed += 1;
      progress(`${holds ? "holds" : "FAILS"}  ${what}`);
      for (const fault of faults.slice(0, MOST_FAULTS_SHOWN)) progress(fault.replace(/^/gm, "       "));
      if (faults.length > MOST_FAULTS_SHOWN) progress(`       and ${faults.length - MOST_FAULTS_SHOWN} more`);
      return holds;
    },
  };
}
