/** What a store of parameters is to the configuration: texts under a path. */
export interface Parameter {
  /** Without the path. */
  readonly name: string;
  readonly value: string;
  /** The store keeps it encrypted, so nobody shows it. */
  readonly isSecure: boolean;
}

export interface ParameterSource {
  /**
   * All parameters directly under the path. Rejects with a `ParameterFault`; what may pass is tried again for as long as
   * `patienceMs`.
   */
  read(path: string, patienceMs: number): Promise<readonly Parameter[]>;
  close(): void;
}

/** Why a path could not be read, in words that complete "PATH: …" and hold no value. */
export class ParameterFault extends Error {
  constructor(
    /** `unavailable` may pass; all others need somebody. */
    readonly kind: "denied" | "empty" | "refused" | "unavailable",
    message: string,
  ) {
    super(message);
    this.name = "ParameterFault";
  }
}
