/** Lines of several processes on one terminal: each after the name of whose it is, in a colour of its own. */

/** Told apart on a dark and on a light ground; red is left to errors. */
const COLOURS = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94];

interface OutputSettings {
  readonly names: readonly string[];
  readonly coloured: boolean;
  readonly write: (line: string) => void;
}

/** What writes a line of the process with that name. */
export function createOutput({ names, coloured, write }: OutputSettings): (name: string, line: string) => void {
  const width = Math.max(...names.map((name) => name.length));
  const prefixes = new Map(
    names.map((name, index) => {
      const text = `${name.padEnd(width)} │`;
      return [name, coloured ? `\x1b[${COLOURS[index % COLOURS.length]}m${text}\x1b[0m` : text];
    }),
  );
  return (name, line) => write(`${prefixes.get(name) ?? name} ${line}`);
}
