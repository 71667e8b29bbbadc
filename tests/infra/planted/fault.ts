/** A mistake in Terraform's files, and what finds it. */

export interface PlantedFault {
  readonly what: string;
  /** From infra/. */
  readonly file: string;
  /** Texts that the file has exactly once, with what takes their place. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  readonly found: FoundBy;
}

/** All that is given here must find it. */
export interface FoundBy {
  /** Names of assertions in infra/tests that fail, and no others do. */
  readonly assertions?: readonly string[];
  /** How the name of a rule of every plan begins. */
  readonly rule?: string;
  /** What is in a line of the judgement of who may do what. */
  readonly right?: string;
  /** The id of a check of checkov's. */
  readonly checkov?: string;
}
