/** One run of both parts as figures: the walks, then schemathesis, then every acknowledged order brought to its end. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import type { Schemathesis } from "../provision/schemathesis.ts";
import type { Arena } from "./arena.ts";
import { distinct, type Finding } from "./finding.ts";
import { runPass } from "./schemathesis.ts";
import { settle } from "./settle.ts";
import { type Budget, runWalks } from "./walks.ts";

export interface FuzzOptions {
  readonly arena: Arena;
  readonly seed: number;
  readonly budget: Budget;
  /** Null where only the walks are wanted, or the tool is not to be had. */
  readonly tool: Schemathesis | null;
  readonly progress: (line: string) => void;
}

export interface FuzzReport {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

/** What the walks take of the budget beside schemathesis. */
const WALKS_SHARE = 0.5;
/** Longer passes would keep one seed for too long, shorter ones not come to their random phases. */
const PASS_SECONDS = 120;
const SETTLED_MS = 90_000;

/** Fuzzes the platform of an arena. */
export async function measureFuzz({ arena, seed, budget, tool, progress }: FuzzOptions): Promise<FuzzReport> {
  const share = tool === null ? 1 : WALKS_SHARE;
  const walked = await runWalks({
    ...arena,
    seed,
    budget: { milliseconds: budget.milliseconds * share, requests: Math.ceil(budget.requests * share) },
  });
  progress(`walks: ${walked.requests} requests, ${walked.orders.length} orders, ${walked.findings.length} findings`);
  const findings = [...walked.findings];
  let requests = walked.requests;
  if (tool !== null) {
    const left = { milliseconds: budget.milliseconds * (1 - share), requests: budget.requests - requests };
    const passes = await runPasses({ arena, seed, tool, progress }, left);
    requests += passes.requests;
    findings.push(...passes.findings);
  }
  const { operatorToken: token, url } = arena;
  if (token !== null) {
    findings.push(...(await settle(walked.orders, { url, token, timeoutMs: SETTLED_MS })));
    progress(`settled: ${walked.orders.length} orders`);
  }
  const serverErrors = findings.filter(({ kind }) => kind === "server-error").length;
  const undocumented = findings.filter(({ kind }) => kind === "undocumented").length;
  return {
    findings: distinct(findings),
    figures: [
      stated("fuzz.requests", requests, "requests"),
      atMost("fuzz.serverErrors", serverErrors, "answers", 0),
      atMost("fuzz.violations", findings.length - serverErrors, "violations", 0),
      atMost("fuzz.undocumented", undocumented, "of these", 0),
      stated("fuzz.toolRequests", requests - walked.requests, "requests"),
      stated("fuzz.walkRequests", walked.requests, "requests"),
      stated("fuzz.orders", walked.orders.length, "orders"),
    ],
    notes: [
      `seed ${seed}`,
      ...(walked.neverDone.length === 0 ? [] : [`walks never got done: ${walked.neverDone.join(", ")}`]),
      ...(token === null ? ["without an operator's token nothing was brought to its end or reconciled"] : []),
    ],
  };
}

/** Both roles at a time, pass by pass, each pass with another seed. */
async function runPasses(
  { arena, seed, tool, progress }: Omit<FuzzOptions, "budget"> & { readonly tool: Schemathesis },
  budget: Budget,
) {
  const { url, operatorToken, customerToken } = arena;
  const callers = [
    ...(operatorToken === null ? [] : [{ role: "operator", token: operatorToken } as const]),
    ...(customerToken === null ? [] : [{ role: "customer", token: customerToken } as const]),
  ];
  const report = { requests: 0, findings: [] as Finding[] };
  const endAtMs = performance.now() + budget.milliseconds;
  let leastSeconds = 0;
  for (let pass = 0; callers.length > 0 && report.requests < budget.requests; pass++) {
    const leftSeconds = Math.floor((endAtMs - performance.now()) / 1000);
    const seconds = Math.min(PASS_SECONDS, Math.max(leftSeconds, leastSeconds));
    if (seconds < 1) break;
    const passSeed = (seed + pass) % 2 ** 31;
    const one = async (caller: (typeof callers)[number]) => {
      const { requests, findings } = await runPass({ tool, url, ...caller, seed: passSeed, seconds });
      report.requests += requests;
      report.findings.push(...findings);
      progress(`schemathesis as ${caller.role}, seed ${passSeed}: ${requests} requests, ${findings.length} findings`);
    };
    await Promise.all(callers.map(one));
    // On a busy machine it may take that long to begin; a run without it would prove nothing.
    leastSeconds = report.requests === 0 ? seconds * 2 : 0;
    if (leastSeconds > PASS_SECONDS) throw new Error(`schemathesis has sent nothing in ${seconds} s`);
  }
  return report;
}
