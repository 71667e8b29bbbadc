/** `--open`: shows an address in the browser of whoever sits here, where there is one. */
import { atMost } from "../deadline.ts";
import { systemScheduler } from "../scheduler.ts";

const OPENERS: Readonly<Record<string, string>> = { darwin: "open", linux: "xdg-open" };
/** One that has not failed until then has found a browser; some stay until that is closed. */
const WITHIN_MS = 5_000;

/** Opens it; where that cannot be, `tell` gets a line with the address. Never rejects, and waits for no browser's end. */
export async function openBrowser(
  url: string,
  tell: (line: string) => void,
  find: (name: string) => string | null = Bun.which,
): Promise<void> {
  const name = OPENERS[process.platform];
  const program = name === undefined ? null : find(name);
  if (program === null)
    return tell(`  There is no ${name ?? "program"} here to open a browser with: open ${url} yourself`);
  const child = Bun.spawn([program, url], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  child.unref();
  const code = (await atMost(systemScheduler, WITHIN_MS, child.exited)) ?? 0;
  if (code !== 0) tell(`  No browser could be opened (${name}: exit code ${code}): open ${url} yourself`);
}
