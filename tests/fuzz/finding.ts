/** What is wrong with an answer, and the one command that asks for it again. */

/**
 * `server-error`: any 5xx. `undocumented`: a status or media type that the operation does not document. `schema`: a body or
 * header that is not as documented. `promise`: a rule of the API that no schema can say. `unfinished`: what was
 * acknowledged and did not come to its end, or an invariant that reconcile found broken.
 */
export type FindingKind = "server-error" | "undocumented" | "schema" | "promise" | "unfinished";

export interface Finding {
  readonly kind: FindingKind;
  /** As the document names it: `POST /api/v1/orders`. */
  readonly operation: string;
  readonly detail: string;
  /** Sends the request again; tokens are written as `$TOKEN`. Absent where it is about more than one request. */
  readonly curl?: string;
  /** How many more like it there were. */
  readonly more?: number;
}

export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Of each kind, operation and detail one, with the number of the others. */
export function distinct(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, ({ kind, operation, detail }) => [kind, operation, detail].join("\n"));
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, more: others.length }],
  );
}

const MOST_SHOWN = 8_000;

/** A finding in the terminal. */
export function findingText({ kind, operation, detail, curl, more = 0 }: Finding): string {
  const lines = [`${kind.toUpperCase()} ${operation}: ${detail}${more > 0 ? ` (and ${more} more like it)` : ""}`];
  if (curl !== undefined)
    lines.push(curl.length <= MOST_SHOWN ? `  ${curl}` : `  ${curl.slice(0, MOST_SHOWN)} … (cut; the seed repeats it)`);
  return lines.join("\n");
}

/** The request as one line for a shell. */
export function curlOf({ method, url, headers, body }: SentRequest): string {
  const lines = Object.entries(headers).map(([name, value]) =>
    name.toLowerCase() === "authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`,
  );
  const data = body === undefined ? [] : [`--data-raw ${quoted(body)}`];
  return ["curl -i --path-as-is", `-X ${method}`, ...lines, ...data, quoted(url)].join(" ");
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
