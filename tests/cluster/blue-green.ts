/**
 * Five releases of one workload on the real controller of Argo Rollouts, with orders under way all the time and a real
 * process for each colour: one that is good, one whose smoke fails, one whose analysis fails after the switch, and again
 * one that is good. The API server is away for a while in the middle of it.
 */
import type { Check } from "../../runtime/cli/verify/checklist.ts";
import { activeBy, handledBy } from "../blue-green/arena.ts";
import { tokenOf } from "../journeys/platform.ts";
import { underLoad } from "../upgrade/under-load.ts";
import type { Colour, Workload } from "./colours.ts";
import { confirmationsOf, longestGapMs } from "./confirmations.ts";
import type { Cluster } from "./control-plane.ts";
import type { FailureRate } from "./failure-rate.ts";
import { type Revisions, revisionsOf } from "./revisions.ts";
import { OVERLAP_MS, type Stage } from "./stage.ts";

export interface BlueGreenFigures {
  /** Longest time without a confirmed order around a switch to a new colour. */
  readonly handoverGapMs: number;
  /** The same around the return to the old one. */
  readonly handbackGapMs: number;
  /** What both may be. */
  readonly mostGapMs: number;
  /** The same while nothing is switched. */
  readonly calmGapMs: number;
  readonly orders: number;
  readonly failedRequests: number;
  readonly violations: number;
}

/** What is waited before the old colour is scaled down; in pods it is minutes. */
export const SCALE_DOWN_SECONDS = 7;
const API_AWAY_MS = 8_000;
/** What a customer may notice of a switch. */
const MOST_GAP_MS = 5_000;
const WINDOW_BEFORE_MS = 2_000;
/** Until the old colour has left. */
const WINDOW_AFTER_MS = OVERLAP_MS + 5_000;

export interface Scene {
  readonly cluster: Cluster;
  readonly workload: Workload;
  readonly stage: Stage;
  readonly failures: FailureRate;
  /** Applies the overlay with the image of a release, and with more in the pods' environment. */
  readonly apply: (release: number, environment?: Readonly<Record<string, string>>) => Promise<unknown>;
}

/** Runs all of it. What it waits for in vain it throws. */
export async function checkBlueGreen(check: Check, scene: Scene): Promise<BlueGreenFigures> {
  const { cluster, workload, stage } = scene;
  const revisions = revisionsOf(cluster.api, workload.namespace, workload.name);
  let told: Told | undefined;
  const outcome = await underLoad(
    {
      ...{ seed: 11, buyers: 2, skus: stage.skus, url: stage.url },
      ...{ databaseUrl: stage.databaseUrl, dataDir: stage.dataDir, output: stage.output },
    },
    async (load) => {
      const { stableRS: first } = await settled(revisions);
      const calmFromMs = Date.now();
      await load.confirm();
      check("the first colour is active and confirms orders", await activityFaults(stage, first, true));
      const second = await releaseGood(check, scene, revisions, first, 2);
      await load.confirm();
      await failSmoke(check, scene, revisions, second.hash);
      await load.confirm();
      const fourth = await failAnalysis(check, scene, revisions, second.hash);
      await load.confirm();
      const fifth = await releaseGood(check, scene, revisions, second.hash, 5);
      await load.confirm();
      const handovers = [second.switchedAtMs, fourth.switchedAtMs, fifth.switchedAtMs];
      told = { handovers, handbackMs: fourth.handedBackAtMs, calm: [calmFromMs, second.releasedAtMs] };
    },
  );
  check(`no request of ${outcome.requests} failed`, [
    ...(outcome.failedRequests === 0 ? [] : [`${outcome.failedRequests} failed`]),
  ]);
  check(`no invariant is broken by ${outcome.orders} orders`, outcome.violations);
  if (told === undefined) throw new Error("not every release could be tried");
  const times = await confirmationsOf(stage.databaseUrl);
  const gapAround = (atMs: number) => longestGapMs(times, atMs - WINDOW_BEFORE_MS, atMs + WINDOW_AFTER_MS);
  const handoverGapMs = Math.max(...told.handovers.map(gapAround));
  const handbackGapMs = gapAround(told.handbackMs);
  const tooLong = (gapMs: number) => (gapMs <= MOST_GAP_MS ? [] : [`that is more than ${MOST_GAP_MS} ms`]);
  check(`orders are confirmed while colours change: at most ${handoverGapMs} ms without one`, tooLong(handoverGapMs));
  check(`and while an abort hands back: at most ${handbackGapMs} ms without one`, tooLong(handbackGapMs));
  return {
    handoverGapMs,
    handbackGapMs,
    mostGapMs: MOST_GAP_MS,
    calmGapMs: longestGapMs(times, ...told.calm),
    orders: outcome.orders,
    failedRequests: outcome.failedRequests,
    violations: outcome.violations.length,
  };
}

/** When what happened, by the wall clock. */
interface Told {
  readonly handovers: readonly number[];
  readonly handbackMs: number;
  readonly calm: readonly [fromMs: number, toMs: number];
}

const settled = async (revisions: Revisions) => {
  const { status } = await revisions.read();
  await revisions.untilHealthy(status.currentPodHash);
  return (await revisions.read()).status;
};

/** Preview, smoke, promotion, switch, analysis, the end of the old colour. */
async function releaseGood(
  check: Check,
  { workload, stage, failures, apply }: Scene,
  revisions: Revisions,
  old: string,
  release: number,
) {
  const releasedAtMs = Date.now();
  const hash = await revisions.release(() => apply(release));
  const preview = await stage.colours.preview();
  check(`release ${release} is previewed beside the active colour`, [
    ...(preview.hash === hash ? [] : [`the preview Service selects ${preview.hash}, not ${hash}`]),
    ...((await revisions.selectedBy(workload.activeService)) === old ? [] : ["the active Service has moved already"]),
  ]);
  await revisions.untilPaused(hash);
  const smoke = stage.jobs.ended.at(-1);
  check(`its smoke has run against its process and passed: ${lastLine(smoke?.said)}`, [
    ...(smoke?.code === 0 ? [] : [`exit code ${smoke?.code}: ${smoke?.said}`]),
    ...(await analysisFaults(revisions, hash, "PrePromotion: Successful")),
  ]);
  check("as a preview it has handled no message, fired no timer and made no call", [
    ...(await activityFaults(stage, hash, false)),
    ...(await handledFaults(preview)),
  ]);
  failures.set(0);
  await revisions.promote();
  await revisions.untilSelected(workload.activeService, hash);
  await revisions.untilHealthy(hash);
  const switchedAtMs = stage.colours.switchedAtMs(hash) ?? Date.now();
  check("once promoted it is active, and the analysis after the switch finds it good", [
    ...(await activityFaults(stage, hash, true)),
    ...(await analysisFaults(revisions, hash, "PostPromotion: Successful")),
  ]);
  check(
    `the old colour has stood by ${OVERLAP_MS / 1000} s after the switch`,
    await activityFaults(stage, old, false, switchedAtMs + OVERLAP_MS + 2_000),
  );
  await revisions.untilScaledDown(old);
  check(`the old colour is scaled down, not sooner than ${SCALE_DOWN_SECONDS} s after the switch`, [
    ...(Date.now() - switchedAtMs >= SCALE_DOWN_SECONDS * 1_000 - 1_000
      ? []
      : [`after ${Date.now() - switchedAtMs} ms`]),
  ]);
  return { hash, releasedAtMs, switchedAtMs };
}

/** A release that does not even start; and the API server goes away while it is there. */
async function failSmoke(
  check: Check,
  { cluster, workload, stage, apply }: Scene,
  revisions: Revisions,
  active: string,
) {
  const broken = await revisions.release(() => apply(3, { MODULES: "no-such-module" }));
  const reason = await revisions.untilAborted(broken);
  const smoke = stage.jobs.ended.at(-1);
  check(`release 3, whose process does not start, fails its smoke: ${lastLine(smoke?.said)}`, [
    ...(smoke !== undefined && smoke.code !== 0 ? [] : ["the smoke passed"]),
    ...(await analysisFaults(revisions, broken, "PrePromotion: Failed")),
  ]);
  check(`it is aborted (${reason}), and the active colour has not been touched`, [
    ...((await revisions.selectedBy(workload.activeService)) === active ? [] : ["the active Service selects another"]),
    ...(await activityFaults(stage, active, true)),
  ]);
  const before = (await confirmationsOf(stage.databaseUrl)).length;
  await cluster.stopApiServer();
  try {
    await Bun.sleep(API_AWAY_MS);
    const confirmed = (await confirmationsOf(stage.databaseUrl)).length - before;
    check(`without the API server for ${API_AWAY_MS / 1000} s the last answer holds: ${confirmed} orders confirmed`, [
      ...(confirmed > 0 ? [] : ["none was"]),
      ...(await activityFaults(stage, active, true)),
    ]);
  } finally {
    await cluster.startApiServer();
  }
}

/** A release that passes its smoke and fails its customers. */
async function failAnalysis(
  check: Check,
  { workload, stage, failures, apply }: Scene,
  revisions: Revisions,
  old: string,
) {
  const hash = await revisions.release(() => apply(4));
  await revisions.untilPaused(hash);
  check("release 4 stands by as a preview, after the API server was away", [
    ...(await activityFaults(stage, hash, false)),
    ...(await handledFaults(await stage.colours.preview())),
  ]);
  failures.set(0.5);
  await revisions.promote();
  await revisions.untilSelected(workload.activeService, hash);
  await stage.colours.until("active", hash);
  const switchedAtMs = stage.colours.switchedAtMs(hash) ?? Date.now();
  check("it is switched to", await activityFaults(stage, hash, true));
  const reason = await revisions.untilAborted(hash);
  await revisions.untilSelected(workload.activeService, old);
  const handedBackAtMs = Date.now();
  check(`as half of its requests fail it is aborted (${reason}), and the old colour is active again`, [
    ...(await activityFaults(stage, old, true)),
    ...(await analysisFaults(revisions, hash, "PostPromotion: Failed")),
  ]);
  check("the aborted colour stands by", await activityFaults(stage, hash, false, handedBackAtMs + OVERLAP_MS + 2_000));
  failures.set(0);
  return { switchedAtMs, handedBackAtMs };
}

/** Why the colour is not, or is, active, contrary to what is wanted; it may become so until `deadlineMs`. */
async function activityFaults(
  stage: Stage,
  hash: string,
  wanted: boolean,
  deadlineMs = Date.now() + 3_000,
): Promise<readonly string[]> {
  for (;;) {
    const process = stage.colours.of(hash)?.process;
    if (!process) return [`no process of ${hash} runs`];
    if ((await activeBy(process, await tokenOf(stage.dataDir, "operator", "judge"))) === wanted) return [];
    if (Date.now() > deadlineMs) return [`${hash} says that it is ${wanted ? "not " : ""}active`];
    await Bun.sleep(100);
  }
}

async function handledFaults({ hash, process }: Colour): Promise<readonly string[]> {
  if (process === null) return [`no process of ${hash} runs`];
  const answer = await fetch(`${process.internalUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) return [`its metrics were answered ${answer.status}`];
  const handled = handledBy(await answer.text());
  return handled === 0 ? [] : [`${hash} has handled ${handled}`];
}

async function analysisFaults(revisions: Revisions, hash: string, wanted: string): Promise<readonly string[]> {
  const found = await revisions.analyses(hash);
  return found.includes(wanted) ? [] : [`there is no ${wanted}, but ${found.join(", ") || "nothing"}`];
}

const lastLine = (said = "") => said.trim().split("\n").at(-1)?.slice(0, 120) ?? "it said nothing";
