import { ALONE, type Command, type Flag, flagsAlone, PROGRAM_FLAGS, PROGRAMS } from "./describe.ts";

/**
 * A script for bash 4 and newer, also where the package bash-completion is not installed. Bash takes `=` for a word of its
 * own, so a value after `--flag=` is looked for behind two words.
 */
export function bashScript(commands: readonly Command[]): string {
  return `# bash completion for ${PROGRAMS.join(" and ")}; made by: genai-demo completion bash
_genai_demo() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if [ "$before" = "=" ]; then before=\${COMP_WORDS[COMP_CWORD-2]}
  elif [ "$current" = "=" ]; then before=\${COMP_WORDS[COMP_CWORD-1]}; current=""
  fi
  case "\${COMP_WORDS[0]##*/} $command" in "${ALONE} -"*) command=-alone ;; esac
  if [ "$COMP_CWORD" -eq 1 ] && [ "$command" != -alone ]; then
    COMPREPLY=($(compgen -W "${[...commands.map(({ name }) => name), ...PROGRAM_FLAGS.map(dashed)].join(" ")}" -- "$current"))
    return
  fi
  case "$command" in
${[{ name: "-alone", flags: flagsAlone(ALONE, commands), words: [] }, ...commands].map(caseOf).join("\n")}
  esac
}
complete -F _genai_demo ${PROGRAMS.join(" ")}
`;
}

const dashed = (name: string) => `--${name}`;

function caseOf({ name, flags, words }: Omit<Command, "does">): string {
  const withValues = flags.filter(({ values }) => values !== null);
  const known = [...flags.map((flag) => dashed(flag.name)), ...words].join(" ");
  return `    ${name})
      case "$before" in
${withValues.map(valueCase).join("\n")}
      esac
      COMPREPLY=($(compgen -W "${known}" -- "$current")) ;;`;
}

function valueCase({ name, values }: Flag): string {
  const pattern = `        --${name})`;
  if (values === "directory")
    return `${pattern} compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;`;
  if (values === "file")
    return `${pattern} compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;`;
  if (values === "anything" || values === null) return `${pattern} return ;;`;
  return `${pattern} COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$current")); return ;;`;
}
