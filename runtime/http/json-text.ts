import { ProblemError, problem } from "./problem.ts";
import { invalid } from "./validation.ts";

export const DEPTH_LIMIT = 32;
/** Lists, objects and what they hold; many times what the largest body that a schema takes has. */
export const NODE_LIMIT = 20_000;

/**
 * Parses the bytes of a JSON body, or throws a 400. Refused besides bad JSON: text that is not UTF-8, nesting deeper
 * than 32, more than 20,000 values, and NUL or half surrogate pairs in texts, which PostgreSQL cannot store.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  refuseOverLimits(text);
  const value = parse(text);
  // Both can only come from escapes: raw ones are no valid JSON or no valid UTF-8.
  if (/\\u(0000|[dD][89a-fA-F])/.test(text)) refuseUnstorable(value, "body");
  return value;
}

/** Whether a text can be stored: no NUL, no half of a surrogate pair. */
export const isStorable = (text: string) => !text.includes("\0") && text.isWellFormed();

const decoder = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed("is not valid UTF-8", "Send JSON encoded as UTF-8.");
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 120) : "";
    throw malformed(`is not valid JSON: ${reason}`, "Send one JSON value.");
  }
}

const malformed = (fault: string, advice: string) =>
  new ProblemError(problem("malformed-json", `The body ${fault}. ${advice}`, [{ field: "body", message: fault }]));

/** Nesting and values, counted before parsing so that neither the parser's stack nor memory is ever at risk. */
function refuseOverLimits(text: string): void {
  let depth = 0;
  /** Of text that is JSON: each list or object, and each comma, brings one value at most. */
  let nodes = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      nodes++;
      if (++depth > DEPTH_LIMIT) throw malformed(`is nested deeper than ${DEPTH_LIMIT} levels`, "Flatten it.");
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2c) nodes++;
  }
  if (nodes > NODE_LIMIT) throw malformed(`has more than ${NODE_LIMIT} values`, "Send it in parts.");
}

function refuseUnstorable(value: unknown, path: string): void {
  if (typeof value === "string") {
    if (!isStorable(value))
      throw new ProblemError(invalid([{ field: path, message: "must not contain NUL or half of a surrogate pair" }]));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseUnstorable(item, `${path}.${index}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (!isStorable(key))
        throw new ProblemError(
          invalid([{ field: path, message: "must not have a name with NUL or half of a surrogate pair" }]),
        );
      refuseUnstorable(item, `${path}.${key}`);
    }
  }
}
