/**
 * The operators' desk: lists dead letters, replays and discards them through the real routes, from one replica or from
 * two at once, before and after handlers are mended, again when there was no answer. When nothing fails and all that
 * will be mended is, it replays every letter until only those are left whose handler still throws.
 */
import type * as z from "zod";
import { type itemSchema, pageSchema, reportSchema } from "../../runtime/edge/dead-letter-routes.ts";
import { letterName } from "./platform-contents.ts";
import type { PlatformNode, PlatformRequest } from "./platform-node.ts";
import type { Poison } from "./platform-poison.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { World } from "./workload.ts";

export interface Desk {
  begin(): void;
  /** Whether these letters are those that its last round has tried in vain. */
  isDone(letters: readonly Parameters<typeof letterName>[0][]): boolean;
  /** No further round. */
  close(): void;
  /** Orders of which something was, or may have been, discarded. */
  readonly discarded: ReadonlySet<string>;
}

const PATH = "/api/v1/ops/deadletters";

type Item = z.infer<typeof itemSchema>;

const IDLE_MS = 3000;
const LONGEST_PAUSE_MS = 2500;

export function createDesk(world: World<PlatformNode>, poison: Poison): Desk {
  const { call, listening, scheduler, faults, trace, violation } = world;
  const random = world.random("desk");
  const discardPercent = oneOf(random, [0, 0, 15, 40]);
  const pageLimit = oneOf(random, ["2", "100"]);
  const discarded = new Set<string>();
  let tried: string | null = null;
  let requests = 0;
  let isClosed = false;

  /** The body of a 200; null: no answer, a refusal, or there is no such letter any more. */
  async function ask(label: string, node: number, request: Omit<PlatformRequest, "customer">): Promise<unknown> {
    trace.tell(() => ({ about: [], text: `an operator asks node${node}: ${label}` }));
    try {
      const { status, body } = await call(label, node, (api) => api.send({ ...request, customer: null }));
      if (status === 200) return body;
      if (status !== 503 && status !== 404) violation(`${label}: answered ${status} ${JSON.stringify(body)}`);
    } catch (error) {
      trace.line(`  ${label}: ${String(error)}`);
      faults.count("operatorUnanswered");
    }
    return null;
  }

  const someNode = () => oneOf(random, listening());

  async function list(): Promise<readonly Item[] | null> {
    const found: Item[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string> = { limit: pageLimit, ...(cursor === null ? {} : { cursor }) };
      const body = await ask("listing dead letters", someNode(), { method: "GET", path: PATH, query });
      if (body === null) return null;
      const page = pageSchema.parse(body);
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  }

  const act = async (what: "replay" | "discard", { id }: Item, node: number, idempotencyKey?: string) => {
    const body = await ask(`${what} of ${id}`, node, {
      method: "POST",
      path: `${PATH}/{id}/${what}`,
      params: { id },
      ...(what === "discard" ? { body: { reason: "the seed says so" } } : {}),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    return body === null ? null : reportSchema.parse(body);
  };

  async function discard(letter: Item) {
    discarded.add(letter.key);
    faults.count("letterDiscarded");
    const report = await act("discard", letter, someNode());
    // A timer or call may have been put back and parked again meanwhile.
    if (report !== null && !report.pending && report.state === "parked" && letter.sequence > 0)
      violation(`${letter.id} was discarded, and is still parked`);
  }

  /** Whether it was tried, and to its end. */
  async function replay(letter: Item, isCalm: boolean): Promise<boolean> {
    faults.count("letterReplayed");
    const node = someNode();
    const key = chance(random, 0.3) ? `desk-${requests++}` : undefined;
    const isDoubled = chance(random, isCalm ? 0.1 : 0.4);
    const other = listening().find((each) => each !== node) ?? node;
    if (isDoubled) {
      faults.count("replayedTwiceAtOnce");
      const reports = await Promise.all([act("replay", letter, node, key), act("replay", letter, other, key)]);
      return reports.some((each) => each?.pending === false);
    }
    const report = await act("replay", letter, node, key);
    const first = report?.left[0];
    if (isCalm && report?.pending === false && first?.reason === "behind")
      violation(`${letter.id} was replayed, and ${first.id} was not tried though nothing stands before it`);
    return report?.pending === false;
  }

  /** To be discarded at once whenever it is seen. */
  const isUnwanted = ({ id, discarded: before }: Item) =>
    before === undefined && Bun.hash.wyhash(`${world.seed} ${id}`) % 100n < BigInt(discardPercent);

  async function round(isCalm: boolean) {
    tried = null;
    const letters = await list();
    if (letters === null) return;
    let isComplete = true;
    for (const queue of Map.groupBy(letters, ({ module, key, source }) => `${module} ${source} ${key}`).values()) {
      if (!isCalm && chance(random, 0.4)) continue;
      for (const letter of queue.filter(isUnwanted)) await discard(letter);
      if (!(await replay(oneOf(random, queue), isCalm))) isComplete = false;
    }
    if (!isCalm || !isComplete) return;
    const left = await list();
    const before = new Set(letters.map(({ id }) => id));
    if (left?.every(({ id }) => before.has(id))) tried = namesOf(left);
  }

  async function run() {
    for (;;) {
      const isCalm = !faults.active && world.loop.now() > poison.mendedMs;
      await scheduler.sleep(isCalm ? IDLE_MS : between(random, 100, LONGEST_PAUSE_MS));
      if (isClosed) return;
      await round(isCalm);
    }
  }

  return {
    begin: () => void run(),
    isDone: (letters) => tried !== null && tried === namesOf(letters),
    close() {
      isClosed = true;
    },
    discarded,
  };
}

const namesOf = (letters: readonly Parameters<typeof letterName>[0][]) => letters.map(letterName).sort().join("\n");
