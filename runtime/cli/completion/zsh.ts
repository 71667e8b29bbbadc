import { ALONE, type Command, type Flag, flagsAlone, PROGRAM_FLAGS, PROGRAMS } from "./describe.ts";

/** A completion function for a folder of zsh's `fpath`; sourced, it works as well. */
export function zshScript(commands: readonly Command[]): string {
  return `#compdef ${PROGRAMS.join(" ")}
# made by: genai-demo completion zsh
_genai-demo() {
  local -a commands
  commands=(
${commands.map(({ name, does }) => `    ${quoted(`${name}:${does}`)}`).join("\n")}
  )
  if [[ \${words[1]:t} == ${ALONE} && $words[2] == -* ]]; then
    _arguments ${flagsAlone(ALONE, commands).map(specOf).join(" ")}
    return
  fi
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments ${PROGRAM_FLAGS.map((name) => quoted(`--${name}`)).join(" ")}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(caseOf).join("\n")}
  esac
}
compdef _genai-demo ${PROGRAMS.join(" ")}
# Loaded from the fpath, this file is the function itself.
if [ "$funcstack[1]" = "_genai-demo" ]; then _genai-demo "$@"; fi
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function caseOf({ name, flags, words }: Command): string {
  const specs = [...flags.map(specOf), ...(words.length > 0 ? [quoted(`1:word:(${words.join(" ")})`)] : [])];
  return `    ${name}) _arguments ${specs.join(" ")} ;;`;
}

function specOf({ name, values }: Flag): string {
  if (values === null) return quoted(`--${name}`);
  if (values === "directory") return quoted(`--${name}=:directory:_files -/`);
  if (values === "file") return quoted(`--${name}=:file:_files`);
  return quoted(`--${name}=:value:${values === "anything" ? " " : `(${values.join(" ")})`}`);
}
