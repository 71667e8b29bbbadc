/** From when until when something holds. What is null does not restrict it. */
export interface Validity {
  /** Milliseconds since the epoch. */
  readonly validFrom: number | null;
  /** From this moment on it is over. */
  readonly validUntil: number | null;
}

export const isInForce = ({ validFrom, validUntil }: Validity, now: number): boolean =>
  (validFrom === null || now >= validFrom) && (validUntil === null || now < validUntil);
