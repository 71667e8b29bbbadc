/** Asks a running platform every cell of the matrix of rights, and judges the answers by the declarations. */
import { objectOf } from "../../runtime/http/rights.ts";
import { OWNER } from "./callers.ts";
import { type Cell, type Outcome, type OwnedIds, requestOf, UNKNOWN } from "./cells.ts";

/** A cell that did not come out as declared. `leak`: somebody got through, or learned of what is not theirs. */
export interface Mismatch {
  readonly kind: "leak" | "refusal";
  /** In one line: who asked what, and what came of it. */
  readonly line: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: readonly string[];
}

export type Send = (request: Request) => Promise<Response>;

const ASKED_AT_A_TIME = 16;
/** By the moment, and by the length of an id. */
const VARYING: ReadonlySet<string> = new Set(["date", "content-length"]);

/** Every cell that did not come out as declared. `ids`: of the owner's objects, which no other customer may read of. */
export async function mismatchesOf(
  cells: readonly Cell[],
  send: Send,
  baseUrl: string,
  ids: OwnedIds,
): Promise<readonly Mismatch[]> {
  const theirs = [OWNER, ...Object.values(ids)];
  const answers = new Map<Cell, Answer>();
  const waiting = cells.values();
  const worker = async () => {
    for (const cell of waiting) answers.set(cell, await answerTo(requestOf(cell, baseUrl), send));
  };
  await Promise.all(Array.from({ length: ASKED_AT_A_TIME }, worker));
  const answered = [...answers];
  return answered.flatMap(([cell, answer]) => {
    const found = judged(cell, answer) ?? compared(cell, answer, answered) ?? overheard(cell, answer, theirs);
    return found === undefined ? [] : [found];
  });
}

async function answerTo(request: Request, send: Send): Promise<Answer> {
  const response = await send(request);
  // A stream has no end.
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (isStream) await response.body?.cancel();
  return {
    status: response.status,
    text: isStream ? "" : await response.text(),
    headers: [...response.headers].filter(([name]) => !VARYING.has(name)).map((header) => header.join(": ")),
  };
}

const REFUSALS: Readonly<Record<Exclude<Outcome, "passes">, (cell: Cell, answer: Answer) => boolean>> = {
  unauthenticated: (_cell, { status, headers }) =>
    status === 401 && headers.some((header) => header.startsWith("www-authenticate: Bearer")),
  forbidden: (_cell, { status }) => status === 403,
  hidden: ({ spec }, { status, text }) =>
    objectOf(spec.rights)?.place === "query" ? status === 200 && isEmptyList(text) : status === 404,
};

const isEmptyList = (text: string) => /^\{"items":\[\],"nextCursor":null\}$/.test(text);

function judged(cell: Cell, answer: Answer): Mismatch | undefined {
  const { expected } = cell;
  if (expected !== "passes") {
    if (REFUSALS[expected](cell, answer)) return undefined;
    return { kind: "leak", line: `${lineOf(cell)}, which must be ${expected}, is answered ${shown(answer)}` };
  }
  if (hasPassed(cell, answer)) return undefined;
  return { kind: "refusal", line: `${lineOf(cell)}, which may pass, is answered ${shown(answer)}` };
}

/** Reads are carried out; what is written is refused by its body, after the rights. */
function hasPassed({ spec, caller, named }: Cell, { status, text }: Answer): boolean {
  const isRead = spec.method === "GET";
  if (named === "none" || (named === "no" && caller.role === "operator"))
    return status !== 401 && status !== 403 && status < 500 && (isRead || status >= 400);
  if (!isRead) return status === 400;
  return status === 200 && !(objectOf(spec.rights)?.place === "query" && isEmptyList(text));
}

/** Whoever may not have the owner's object must not learn that it is there. */
function compared(cell: Cell, answer: Answer, answered: readonly (readonly [Cell, Answer])[]): Mismatch | undefined {
  if (cell.named !== "the owner's" || cell.expected === "passes") return undefined;
  const [, unknown] = answered.find(
    ([other]) => other.spec === cell.spec && other.caller === cell.caller && other.named === "an unknown",
  ) ?? [undefined, undefined];
  const told = (of: Answer, id: string) => JSON.stringify({ ...of, text: of.text.replaceAll(id, "ID") });
  if (unknown !== undefined && told(answer, cell.id) === told(unknown, UNKNOWN)) return undefined;
  const line = `${lineOf(cell)} is answered ${shown(answer)}, and an unknown one ${unknown && shown(unknown)}`;
  return { kind: "leak", line };
}

/** Nobody else is told of what is the owner's, also where they name nothing of it. */
function overheard(cell: Cell, answer: Answer, theirs: readonly string[]): Mismatch | undefined {
  const { caller, named } = cell;
  if (caller.role === "operator" || caller.subject === OWNER || named === "the owner's") return undefined;
  const told = theirs.find((id) => answer.text.includes(id));
  return told === undefined ? undefined : { kind: "leak", line: `${lineOf(cell)} is told of ${told}` };
}

const lineOf = ({ spec, caller, named }: Cell) =>
  `${spec.method} ${spec.path} by ${caller.name}${named === "none" ? "" : ` for ${named} ${objectOf(spec.rights)?.noun}`}`;

const shown = ({ status, text }: Answer) => `${status} ${text.slice(0, 200)}`;
