type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether what is written there may be coloured: it is a terminal and nobody has said no (no-color.org), or somebody has
 * said that it ends in one (force-color.org).
 */
export function mayColour(stream: { readonly isTTY?: boolean }, env: Environment): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
