/** `deadletters`: what a running platform could not handle, and what an operator does about it. */
import type * as z from "zod";
import { type itemSchema, openedSchema, pageSchema, reportSchema } from "../edge/dead-letter-routes.ts";
import { DISCARD_REASON_LIMIT } from "../messages/dead-letter.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import { type OperatorClient, OperatorError, operatorClient, operatorFlags, operatorHelp } from "./operator-client.ts";

export const help = `deadletters list [--module M] [--key K] [--type T] [--parked WHY]
deadletters show ID
deadletters replay ID... | replay --all | replay [--module M] [--key K] [--type T] [--parked WHY]
deadletters discard ID --reason TEXT

What could not be handled is parked as a dead letter; later messages of its key are parked behind it. \`replay\` releases
all that is parked in a letter's topic and key, in order from the first one, until one cannot be handled; it exits with 1
when something is still parked there. \`discard\` lets a message count as handled without handling it.

  --module M     only this module's letters
  --key K        only those of this key, such as an order id
  --type T       only messages of this type; timer:KIND, call:KIND or record:TOPIC for what is no message
  --parked WHY   only those parked for this reason: threw, rejected, behind or unreadable
  --all          every dead letter of the platform
  --reason TEXT  why it is discarded: logged, and shown while the letter stands
${operatorHelp}

Examples:
  bun run deadletters list --module delivery --parked threw
  bun run deadletters show delivery:0190a2b4-7c00-7000-8000-000000000001:genai-demo.delivery.commands.v1:1
  bun run deadletters replay --module delivery --type ScheduleShipment
  bun run deadletters discard delivery:0190a2b4-7c00-7000-8000-000000000001:genai-demo.delivery.commands.v1:1 --reason "the parcel was found"`;

const PATH = "/ops/deadletters";

/** Which letters are listed or replayed. `parked`: for which reason. */
const FILTERS = ["module", "key", "type", "parked"] as const;
type Filter = { readonly [Name in (typeof FILTERS)[number]]?: string };

type Letter = z.infer<typeof itemSchema>;
type Report = z.infer<typeof reportSchema>;

export const flags = {
  ...operatorFlags,
  module: "string",
  key: "string",
  type: "string",
  parked: "string",
  all: "boolean",
  reason: "string",
} as const;

export const words = () => ["list", "show", "replay", "discard"];

/** Runs the command; its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { flags: settings, words: arranged } = wordsAndFlagsOf(args, flags);
  const [action, ...given] = arranged;
  const misplaced = (name: keyof Filter | "all" | "reason", ...owners: string[]) => {
    if (settings[name] !== undefined && !owners.includes(action ?? ""))
      throw new UsageError(`--${name} belongs to deadletters ${owners.join(" and ")}`);
  };
  for (const name of FILTERS) misplaced(name, "list", "replay");
  misplaced("all", "replay");
  misplaced("reason", "discard");
  const filter: Filter = settings;
  const isSelected = FILTERS.some((name) => filter[name] !== undefined);
  switch (action) {
    case "list": {
      if (given.length > 0) throw new UsageError("deadletters list takes no ID; see one with: deadletters show ID");
      return list(await operatorClient(settings), filter);
    }
    case "show":
      return show(await operatorClient(settings), only(given, "show ID"));
    case "replay": {
      if ([given.length > 0, settings.all === true, isSelected].filter(Boolean).length !== 1)
        throw new UsageError(
          "deadletters replay takes the IDs of letters, or --module, --key, --type, --parked, or --all",
        );
      const client = await operatorClient(settings);
      if (given.length > 0) return replay(client, given, false);
      return replay(client, queues(await matching(client, filter)), true);
    }
    case "discard": {
      const id = only(given, "discard ID --reason TEXT");
      const reason = settings.reason?.trim() ?? "";
      if (reason.length === 0 || reason.length > DISCARD_REASON_LIMIT)
        throw new UsageError(`deadletters discard needs --reason TEXT of 1 to ${DISCARD_REASON_LIMIT} characters`);
      return discard(await operatorClient(settings), id, reason);
    }
    default:
      throw new UsageError(`deadletters ${action ?? ""}: give list, show, replay or discard (see deadletters --help)`);
  }
}

function only(given: readonly string[], usage: string): string {
  const [id] = given;
  if (id === undefined || given.length > 1) throw new UsageError(`give one ID: deadletters ${usage}`);
  return id;
}

const pathOf = (id: string) => `${PATH}/${encodeURIComponent(id)}`;

/** What came in a message must not steer the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be taken out
const print = (line: string) => console.log(line.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "?"));

async function matching(client: OperatorClient, { module, key, type, parked }: Filter): Promise<Letter[]> {
  const letters: Letter[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ module, key, type, reason: parked, cursor }))
      if (value !== undefined && value !== null) query.set(name, value);
    const { body } = await client({ method: "GET", path: `${PATH}?${query}` });
    const page = pageSchema.parse(body);
    letters.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return letters;
}

async function list(client: OperatorClient, filter: Filter): Promise<number> {
  const letters = await matching(client, filter);
  if (letters.length === 0) {
    print("no dead letters");
    return 0;
  }
  const rows = letters.map((letter) => [
    letter.parkedAt,
    letter.discarded ? "discarded" : letter.reason,
    whatOf(letter),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [index, letter] of letters.entries()) {
    print(`${rows[index]?.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}  ${letter.id}`);
    print(`    ${letter.discarded?.reason ?? letter.error}`);
  }
  print(`${letters.length} dead ${letters.length === 1 ? "letter" : "letters"}`);
  return 0;
}

const whatOf = ({ module, type, source }: Letter) => `${module} ${type ?? source.split(":").slice(0, 2).join(" ")}`;

async function show(client: OperatorClient, id: string): Promise<number> {
  const { body } = await client({ method: "GET", path: pathOf(id) });
  const letter = openedSchema.parse(body);
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["id", letter.id],
    ["what", whatOf(letter)],
    ["reason", letter.reason],
    ["parked at", letter.parkedAt],
    ["discarded", letter.discarded && `${letter.discarded.at} ${letter.discarded.reason}`],
    ...Object.entries(letter.trace),
  ];
  for (const [name, value] of lines) if (value !== undefined) print(`${name.padEnd(14)} ${value}`);
  print(`payload\n${JSON.stringify(letter.payload, null, 2)}`);
  print(`error\n${letter.fullError}`);
  return 0;
}

/** The first letter of each topic and key: its replay releases the others. */
function queues(letters: readonly Letter[]): readonly string[] {
  const first = new Map<string, string>();
  for (const { id } of letters) {
    const queue = id.slice(0, id.lastIndexOf(":"));
    if (!first.has(queue)) first.set(queue, id);
  }
  return [...first.values()];
}

/** A letter that is gone when its turn comes is done, unless it was named by hand and never seen. */
async function replay(client: OperatorClient, ids: readonly string[], seen: boolean): Promise<number> {
  if (ids.length === 0) print("no dead letters");
  const released = new Set<string>();
  let everything = true;
  for (const id of ids) {
    // An earlier one of the same topic and key has taken it along.
    if (released.has(id)) continue;
    try {
      const report = await replayWhileItGoesOn(client, id, seen, (gone) => {
        for (const each of gone.released) released.add(each);
        tellReleased(gone);
      });
      if (report === null) continue;
      tellLeft(report);
      everything &&= report.leftCount === 0 && !report.pending;
    } catch (error) {
      if (!(error instanceof OperatorError) || concernsAll(error)) throw error;
      console.error(error.message);
      everything = false;
    }
  }
  return everything ? 0 : 1;
}

/** Whether the next letter would come to the same: nobody answers, or not to this operator. */
const concernsAll = ({ status }: OperatorError) => status === null || status === 401 || status === 403;

/**
 * One request releases what it can within its time. It is repeated from the first letter that is left while the one
 * before released something and nothing is under way; the last one releases nothing, or leaves nothing. Null when a
 * letter that was seen is gone by now: another operator has released or discarded it.
 */
async function replayWhileItGoesOn(client: OperatorClient, id: string, seen: boolean, told: (report: Report) => void) {
  for (let next = id; ; ) {
    let body: unknown;
    try {
      ({ body } = await client({ method: "POST", path: `${pathOf(next)}/replay`, body: {} }));
    } catch (error) {
      const isGone = error instanceof OperatorError && error.status === 404;
      if (isGone && (seen || next !== id)) return null;
      throw error;
    }
    const report = reportSchema.parse(body);
    told(report);
    const [first] = report.left;
    if (report.pending || report.releasedCount === 0 || !first) return report;
    next = first.id;
  }
}

async function discard(client: OperatorClient, id: string, reason: string): Promise<number> {
  const { body } = await client({ method: "POST", path: `${pathOf(id)}/discard`, body: { reason } });
  const report = reportSchema.parse(body);
  if (report.state === "parked") {
    const own = report.left.find((letter) => letter.id === id);
    const why = own ? `${own.reason}: ${own.error}` : "it is still parked, behind many others of its key";
    print(
      report.pending ? `not discarded yet ${id}\n            it goes on` : `not discarded ${id}\n            ${why}`,
    );
    return 1;
  }
  print(`discarded   ${id}${report.state === "discarded" ? " (it is passed over when its turn comes)" : ""}`);
  tellReleased(report);
  tellLeft(report);
  return report.pending ? 1 : 0;
}

function tellReleased({ released, releasedCount }: Report): void {
  for (const id of released) print(`released    ${id}`);
  if (releasedCount > released.length) print(`released    ${releasedCount - released.length} more`);
}

function tellLeft({ left, leftCount, pending }: Report): void {
  for (const letter of left)
    print(`still there ${letter.id}\n            ${letter.discarded ? "discarded" : letter.reason}: ${letter.error}`);
  if (leftCount > left.length) print(`still there ${leftCount - left.length} more`);
  if (pending) print("not over yet: look again with deadletters list");
}
