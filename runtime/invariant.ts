/**
 * Assertions that stay on in production. What breaks one is a bug: the decision that broke it is not written, its
 * message is parked or its request answered 500, and everybody else's work goes on.
 */
export class InvariantBroken extends Error {
  constructor(message: string) {
    super(`invariant broken: ${message}`);
    this.name = "InvariantBroken";
  }
}

/** Throws when `holds` is false. The message is built only then. */
export function invariant(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new InvariantBroken(message());
}
