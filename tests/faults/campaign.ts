/**
 * A campaign of faults: orders under way all the time on one set of data, and in each round a kill -9 at a random
 * moment. After each the platform is mended as a user would, the time until an order confirms again is taken, and a
 * quick look is had; in the end everything must settle, and every invariant must hold.
 *
 * The seed chooses kinds, pauses and baskets; what they meet is real time and never the same twice.
 */
import { reconciliationSchema } from "../../runtime/edge/reconcile-route.ts";
import { pick, type Random } from "../../runtime/random.ts";
import { createClient } from "../journeys/client.ts";
import { between, oneOf, streamOf } from "../simulation/seed.ts";
import type { Arena } from "./arena.ts";
import { startBuyers } from "./buyers.ts";
import { judgeSettled, quickViolations } from "./judgement.ts";

export interface CampaignOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly buyers: number;
  readonly progress: (line: string) => void;
}

export interface Campaign {
  readonly faults: number;
  readonly faultsByKind: Readonly<Record<string, number>>;
  readonly orders: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<"requests" | "unanswered" | "unavailable", number>>;
  /** Of each round: from the last kill until an order that was begun after it is confirmed. */
  readonly recoveriesMs: readonly number[];
  readonly violations: readonly string[];
}

/** A second kill of its own kind, soon after the first. */
const TWICE = "twice";
/** A second kill while the platform comes back from the first. */
const RECOVERING = "while recovering";
const PAUSE_MS = [300, 2_000] as const;
const TWICE_WITHIN_MS = 300;
const RECOVERING_WITHIN_MS = 1_500;
const RECOVERY_LIMIT_MS = 30_000;
const ORDER_PAUSE_MS = 120;

/** Runs the rounds; the arena is left running. A round after which nothing is confirmed any more ends the campaign. */
export async function runCampaign(arena: Arena, options: CampaignOptions) {
  const random = streamOf(options.seed, "kills");
  const buyers = await startBuyers({
    seed: options.seed,
    buyers: options.buyers,
    pauseMs: ORDER_PAUSE_MS,
    skus: [...arena.skus, "SKU-001", "SKU-002"],
    urls: arena.urls,
    tokenFor: arena.tokenFor,
  });
  const violations: string[] = [];
  const recoveriesMs: number[] = [];
  const faultsByKind: Record<string, number> = {};
  const seen = new Set<string>();
  const strike = async (kind: string) => {
    await arena.strike(kind, random);
    faultsByKind[kind] = (faultsByKind[kind] ?? 0) + 1;
  };

  async function round(kind: string): Promise<void> {
    await Bun.sleep(between(random, ...PAUSE_MS));
    let told = kind;
    if (kind === TWICE || kind === RECOVERING) {
      const [first, second] = [oneOf(random, arena.kinds), oneOf(random, arena.kinds)];
      told = `${kind} (${first}, ${second})`;
      faultsByKind[kind] = (faultsByKind[kind] ?? 0) + 1;
      await strike(first);
      const mending = kind === RECOVERING ? arena.mend() : undefined;
      // The second kill may meet it before it is ready, which then reports a failed start.
      const mended = mending?.catch(() => undefined);
      await Bun.sleep(between(random, 0, kind === TWICE ? TWICE_WITHIN_MS : RECOVERING_WITHIN_MS));
      await strike(second);
      await mended;
    } else await strike(kind);
    const killedAtMs = performance.now();
    const [confirmedAtMs] = await Promise.all([buyers.confirm(RECOVERY_LIMIT_MS), arena.mend()]);
    const recoveryMs = confirmedAtMs - killedAtMs;
    recoveriesMs.push(recoveryMs);
    const fresh = buyers.placed.flatMap(({ acknowledged }) => [...acknowledged]).filter((id) => !seen.has(id));
    for (const id of fresh) seen.add(id);
    const found = await arena.withSql((sql) => quickViolations(sql, fresh));
    violations.push(...found);
    options.progress(
      `round ${recoveriesMs.length} of ${options.rounds}: ${told}, confirming again after ${recoveryMs.toFixed(0)} ms, ` +
        `${seen.size} orders acknowledged${found.length > 0 ? `; ${found.join("; ")}` : ""}`,
    );
  }

  try {
    for (const kind of drawKinds([...arena.kinds, TWICE, RECOVERING], options.rounds, random)) await round(kind);
  } catch (error) {
    violations.push(`round ${recoveriesMs.length + 1} broke off: ${String(error)}\n${arena.output().slice(-3_000)}`);
    await arena.mend().catch(() => undefined);
  }
  await buyers.stop();
  const judged = await arena.withSql((sql) => judgeSettled(sql, buyers.placed));
  const told = await reconciled(arena).catch((error: unknown) => [`reconcile gave no answer: ${String(error)}`]);
  const campaign: Campaign = {
    faults: arena.kinds.reduce((sum, kind) => sum + (faultsByKind[kind] ?? 0), 0),
    faultsByKind,
    orders: judged.orders,
    outcomes: judged.outcomes,
    requests: buyers.counts,
    recoveriesMs,
    violations: [...violations, ...buyers.complaints, ...judged.violations, ...told],
  };
  return campaign;
}

/** What the platform itself finds in its books. */
async function reconciled(arena: Arena): Promise<string[]> {
  const [url] = arena.urls();
  if (url === undefined) return ["no process is left that could reconcile"];
  const operator = createClient(url, await arena.operatorToken());
  const { status, text } = await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" });
  if (status !== 200) return [`reconcile answered ${status}: ${text.slice(0, 300)}`];
  const { violations } = reconciliationSchema.parse(JSON.parse(text));
  return violations.map(({ invariant, subject, detail }) => `reconcile: ${invariant}, ${subject}: ${detail}`);
}

/** Every kind as often as any other, give or take one, in an order that the seed chooses. */
export function drawKinds(kinds: readonly string[], rounds: number, random: Random): string[] {
  const drawn: string[] = [];
  while (drawn.length < rounds) {
    const left = [...kinds];
    while (left.length > 0) drawn.push(...left.splice(pick(random, left.length), 1));
  }
  return drawn.slice(0, rounds);
}
