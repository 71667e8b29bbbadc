/** Many walkers at a time against one platform, until the time or the number of requests is spent. */
import { type Counts, createSender, type Tokens } from "./caller.ts";
import type { Finding } from "./finding.ts";
import { judgeBy } from "./judge.ts";
import { operationsOf } from "./operations.ts";
import { walk } from "./walk.ts";

export interface WalksOptions {
  readonly url: string;
  readonly seed: number;
  /** The walkers' tokens; each has customers of its own. */
  readonly tokensOf: (walker: number) => Promise<Tokens>;
  readonly webhookSecret: string | null;
  readonly budget: Budget;
}

/** Whichever is spent first ends it. */
export interface Budget {
  readonly milliseconds: number;
  readonly requests: number;
}

export interface WalksReport {
  readonly requests: number;
  readonly findings: readonly Finding[];
  /** Orders that were acknowledged. */
  readonly orders: readonly string[];
  /** Operations that were never answered with a status below 400. */
  readonly neverDone: readonly string[];
}

const WALKERS = 6;

/** Walks until the budget is spent. */
export async function runWalks({ url, seed, tokensOf, webhookSecret, budget }: WalksOptions): Promise<WalksReport> {
  const document: unknown = await (await fetch(`${url}/openapi.json`)).json();
  const judge = judgeBy(document);
  const operations = operationsOf(document);
  const counts: Counts = { requests: 0, done: new Map() };
  const findings: Finding[] = [];
  const endAtMs = performance.now() + budget.milliseconds;
  const goesOn = () => counts.requests < budget.requests && performance.now() < endAtMs;
  const walks = Array.from({ length: WALKERS }, async (_, walker) => {
    const tokens = await tokensOf(walker);
    const onFinding = (finding: Finding) => findings.push(finding);
    const sender = createSender({ url, tokens, judge, counts, onFinding });
    return walk({ seed: seed * WALKERS + walker, operations, sender, webhookSecret, nowMs: Date.now, goesOn });
  });
  const orders = (await Promise.all(walks)).flat();
  const neverDone = operations.map(({ name }) => name).filter((name) => !counts.done.has(name));
  return { requests: counts.requests, findings, orders, neverDone };
}
