/** Notes what does not hold of `what`, where anything does not; gives whether all holds. */
export type Check = (what: string, faults: readonly string[]) => boolean;
