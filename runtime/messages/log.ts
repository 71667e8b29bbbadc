/** What the message core tells its operator. Names are stable; fields hold no personal data. */
export type Log = (level: "info" | "warn" | "error", event: string, fields: Readonly<Record<string, unknown>>) => void;
