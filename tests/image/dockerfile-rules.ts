/** What the Dockerfile must keep to besides what a linter knows: versions that the checkout pins elsewhere too, and whom it runs as. */
import packageJson from "../../package.json";

interface Instruction {
  readonly name: string;
  readonly words: string;
}

/** The instructions in their order; comments are dropped, continued lines joined. */
export function instructionsIn(text: string): readonly Instruction[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .flatMap((line) => {
      const [, name, words] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
      return name === undefined || words === undefined ? [] : [{ name: name.toUpperCase(), words: words.trim() }];
    });
}

/** What does not hold, in words. */
export function dockerfileFaults(text: string): readonly string[] {
  const all = instructionsIn(text);
  const shipped = all.slice(all.findLastIndex(({ name }) => name === "FROM"));
  const last = (name: string) => shipped.findLast((each) => each.name === name)?.words;
  const arguments_ = new Map(
    all.flatMap(({ name, words }) => {
      const [key = "", value] = words.split("=", 2);
      return name === "ARG" && value !== undefined ? [[key, words.slice(key.length + 1)]] : [];
    }),
  );
  const bun = packageJson.packageManager.replace("@", ":");
  const rules: readonly (readonly [string, boolean])[] = [
    ["each FROM takes an argument, so that a mirror can take its place", all.every(fromIsArgument)],
    [`the build runs on ${bun}`, arguments_.get("BUN_IMAGE")?.includes(`/${bun}`) === true],
    ["the base is pinned by its digest", /@sha256:[0-9a-f]{64}$/.test(arguments_.get("BASE_IMAGE") ?? "")],
    [`VERSION is ${packageJson.version}`, arguments_.get("VERSION") === packageJson.version],
    ["the last USER is a number that is not root", /^[1-9]\d*:[1-9]\d*$/.test(last("USER") ?? "")],
    ["ENTRYPOINT needs no shell", last("ENTRYPOINT")?.startsWith("[") === true],
    ["CMD needs no shell", last("CMD")?.startsWith("[") === true],
    ["HEALTHCHECK needs no shell", /CMD \[/.test(last("HEALTHCHECK") ?? "")],
    ["what is shipped is copied from the build alone", shipped.every(copiesFromTheBuild)],
    ["nothing runs where there is no shell", last("RUN") === undefined],
    ["packages are installed as the lock file says", /bun install --frozen-lockfile/.test(text)],
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => rule);
}

const fromIsArgument = ({ name, words }: Instruction) => name !== "FROM" || /^\$\{[A-Z_]+\}(?: AS \w+)?$/.test(words);

const copiesFromTheBuild = ({ name, words }: Instruction) =>
  name !== "ADD" && (name !== "COPY" || words.startsWith("--from=build "));
