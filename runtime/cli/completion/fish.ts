import { type Command, type Flag, flagsAlone, PROGRAMS } from "./describe.ts";

/** Lines for fish, which offers files by itself where it is not told otherwise. */
export function fishScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = PROGRAMS.flatMap((program) => [
    `complete -c ${program} -f`,
    ...flagsAlone(program, commands).map(
      (flag) => `complete -c ${program} -n "not __fish_seen_subcommand_from ${names}" ${optionOf(flag)}`,
    ),
    ...commands.flatMap((command) => linesOf(program, names, command)),
  ]);
  return `# fish completion for ${PROGRAMS.join(" and ")}; made by: genai-demo completion fish\n${lines.join("\n")}\n`;
}

function linesOf(program: string, names: string, { name, does, flags, words }: Command): readonly string[] {
  const within = `complete -c ${program} -n "__fish_seen_subcommand_from ${name}"`;
  return [
    `complete -c ${program} -n "not __fish_seen_subcommand_from ${names}" -a ${name} -d "${does.replaceAll('"', '\\"')}"`,
    ...flags.map((flag) => `${within} ${optionOf(flag)}`),
    ...(words.length > 0 ? [`${within} -a "${words.join(" ")}"`] : []),
  ];
}

function optionOf({ name, values }: Flag): string {
  if (values === null) return `-l ${name}`;
  if (values === "file") return `-l ${name} -r -F`;
  if (values === "directory") return `-l ${name} -x -a "(__fish_complete_directories)"`;
  return values === "anything" ? `-l ${name} -x` : `-l ${name} -x -a "${values.join(" ")}"`;
}
