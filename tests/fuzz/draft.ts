/** A request before it is sent: an operation of the document, and what fills it. */

/** Whom a token speaks for. `stranger` is a customer who owns nothing of what the walker knows. */
export type Caller = "customer" | "operator" | "stranger" | "expired" | "garbage" | "guest";

export interface Draft {
  /** As the document names it: `POST /api/v1/orders`. */
  readonly operation: string;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As it is sent; absent where there is none. */
  readonly body?: string;
}

/** The path of an operation with its parameters filled in, and the query. */
export function pathOf({ operation, params, query }: Draft): string {
  const path = operation
    .slice(operation.indexOf(" ") + 1)
    .replaceAll(/\{([^}]+)\}/g, (_, name: string) => encoded(params[name] ?? ""));
  const search = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  return search === "" ? path : `${path}?${search}`;
}

/** Percent-encoded; half of a surrogate pair, which has no encoding, becomes the replacement character. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

export const methodOf = (operation: string) => operation.slice(0, operation.indexOf(" "));
