/** What several test files share is ended once, after the last of them. Preloaded by every run of tests. */
import { afterAll } from "bun:test";

const endings: (() => Promise<void>)[] = [];

/** Runs `end` when all test files of this process have run. */
export const atEndOfRun = (end: () => Promise<void>) => void endings.push(end);

afterAll(async () => {
  for (const end of endings.splice(0)) await end();
});
