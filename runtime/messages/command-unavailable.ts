/** Why a command has no answer. `outcome` tells whether it may have had its effect. */
export class CommandUnavailable extends Error {
  constructor(
    readonly outcome: "none" | "unknown",
    message: string,
  ) {
    super(message);
    this.name = "CommandUnavailable";
  }
}
