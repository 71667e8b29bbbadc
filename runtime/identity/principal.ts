/** What a caller may be: a customer owns what carries its subject, an operator acts within its scopes. */
export type Role = "customer" | "operator";

/** Who is calling, as a verified token states it. */
export interface Principal {
  /** Unique within `issuer`; a customer's orders carry it. */
  readonly subject: string;
  readonly role: Role;
  /** `<module>:<action>`, `<module>:*` or `*`. Only an operator's scopes mean anything. */
  readonly scopes: readonly string[];
  readonly issuer: string;
  /** When the token ends, ms since the epoch. A stream must not outlive it. */
  readonly expiresAtMs: number;
}

/** Who it is, whichever of their tokens was sent. JSON keeps the parts apart whatever they contain. */
export const callerOf = ({ issuer, role, subject }: Principal): string => JSON.stringify([issuer, role, subject]);

/** Whether an operator's scopes cover `wanted`, such as `pricing:write`. */
export function hasScope(principal: Principal, wanted: string): boolean {
  const whole = `${wanted.split(":")[0]}:*`;
  return principal.scopes.some((scope) => scope === wanted || scope === whole || scope === "*");
}
