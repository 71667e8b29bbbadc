/** The commands of the platform that documents name, and whether they exist with those flags. */
import { checkoutCommands } from "../../runtime/cli/checkout-commands.ts";
import type { CommandFile } from "../../runtime/cli/command.ts";
import { programCommands } from "../../runtime/cli/program-commands.ts";

export interface Named {
  readonly command: string;
  /** What stands behind it, up to the end of the command. */
  readonly words: readonly string[];
  readonly line: number;
}

/** As they are written: in a checkout, in a checkout without Bun, and the executable's. */
const CALL =
  /(?:^|[\s(|;&`])(?:[A-Z_]+=\S+ )*(?:bun run|npx -y bun@[\d.]+ run|genai-demo)(?: --silent)? +([a-z]+)\b([^\n`|;&#)]*)/g;
/** `run X`, in text about a checkout. */
const SHORT = /^(?:[A-Z_]+=\S+ )*run ([a-z]+)\b(.*)$/;
/** Where the name is the namespace's, the image's or the prefix of something. */
const NO_CALL = /(?:-n|-t|namespace|--name|psql -d) genai-demo/;

/** All that a document names, in code of any kind. */
export function commandsIn(markdown: string): readonly Named[] {
  const found: Named[] = [];
  let isFenced = false;
  for (const [index, text] of markdown.split("\n").entries()) {
    if (/^\s*```/.test(text)) {
      isFenced = !isFenced;
      continue;
    }
    const pieces = isFenced ? [text] : [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
    for (const piece of pieces) {
      const short = SHORT.exec(piece);
      const calls = short ? [short] : NO_CALL.test(piece) ? [] : [...piece.matchAll(CALL)];
      for (const [, command = "", rest = ""] of calls)
        found.push({ command, words: rest.trim().split(/\s+/).filter(Boolean), line: index + 1 });
    }
  }
  return found;
}

/** Of whose words the first must be one that its help names. */
const WITH_KINDS: readonly string[] = ["bench", "deadletters", "new", "verify"];

/** What of them does not exist, one line each. */
export async function faultsIn(file: string, markdown: string): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { command, words, line } of commandsIn(markdown)) {
    const known = { ...checkoutCommands, ...programCommands }[command];
    const place = `${file}:${line}`;
    if (known === undefined) {
      faults.push(`${place}: there is no command ${command}`);
      continue;
    }
    const loaded: CommandFile & { readonly flags?: object } = await known.load();
    const says = (text: string) => new RegExp(`(^|[^\\w-])${RegExp.escape(text)}(?![\\w-])`, "m").test(loaded.help);
    for (const word of words) {
      const [, flag] = /^\[?--([a-z0-9-]+)/.exec(word) ?? [];
      if (flag === undefined || flag === "help") continue;
      if (!Object.hasOwn(loaded.flags ?? {}, flag) && !says(`--${flag}`))
        faults.push(`${place}: ${command} has no --${flag}`);
    }
    const [kind] = words;
    if (kind !== undefined && /^[a-z0-9]+$/.test(kind) && WITH_KINDS.includes(command) && !says(kind))
      faults.push(`${place}: ${command} knows no ${kind}`);
  }
  return faults;
}
