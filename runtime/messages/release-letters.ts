/**
 * Lets dead letters go when an operator asks, and only then.
 *
 * Messages: a topic and key is released from its first parked number on, in order, through the lane: the effect, the
 * mark and the end of the letter's row are one commit. The first one that cannot be handled stays, with its new error,
 * and everything behind it stays behind it. What parks meanwhile is released as well; a message is parked behind a
 * letter only in a commit that holds that letter, so when the last look finds none, none can come. A number that the
 * mark has passed already is only removed. A discarded message is passed over in one commit when its turn comes, and
 * until then its row stands as a marker; discarding the first one releases what was parked behind it. One that the
 * database refuses to count as well stays parked, with the new error.
 *
 * Timers and calls: put-back.ts. Keys that cannot be loaded: discard-unloadable.ts.
 *
 * A message that its transport delivers again while its letter stands is treated like any other: should its turn have
 * come and its handler be mended, it is handled, and the letter is only removed later.
 *
 * A crash at any moment leaves each letter either parked or gone with its effect; nothing goes on by itself then, the
 * operator asks again. Several replicas may be asked at once: guards of the commits let each effect happen once. An
 * Idempotency-Key is stored before anything is done; its repetition acts again, harmlessly, and tells what is left. Who
 * asks is noted in the audit log at that moment, in the same statement where there is a key, and not again.
 */
import type { Clock } from "../clock.ts";
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database, Row } from "../database/port.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import type { AggregateStore } from "./aggregate.ts";
import { auditParameter, type CommandAudit, insertAudit } from "./audit.ts";
import { contentOf, type Letter, type LetterPlace, letterId, letterKind, letterOf } from "./dead-letter.ts";
import { discardUnloadable, isUnloadable } from "./discard-unloadable.ts";
import { findEarlierRequest } from "./earlier-request.ts";
import type { LetterAction, MessageItem, TimerRow } from "./item.ts";
import { aboutKey } from "./log-about.ts";
import { putBack, stateOf } from "./put-back.ts";
import { letterRow, queueRows } from "./read-letters.ts";

interface LetterReleaseDeps {
  readonly module: string;
  readonly aggregate: Pick<AggregateStore<unknown>, "load" | "identifies">;
  readonly database: Database;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Gives messages to the lane. */
  readonly letGo: (letters: readonly MessageItem[]) => void;
  /** A timer, or an intent where there is none, is back in its table. */
  readonly putBack: (timer: TimerRow | undefined) => void;
  /** After so long it is told how far it has come; what has begun goes on. */
  readonly answerWithinMs: number;
}

export interface RequestClaim {
  readonly scope: string;
  readonly bodyHash: string;
}

interface ReleaseReport {
  /** The first ones that are gone, in order, and how many there were. */
  readonly released: readonly LetterPlace[];
  readonly releasedCount: number;
  /** The first ones of the same source and key that are still there, and how many there are. */
  readonly left: readonly Letter[];
  readonly leftCount: number;
  /** What the letter that was asked about is now. */
  readonly state: "parked" | "discarded" | "gone";
  /** It was not over when this was told. */
  readonly pending: boolean;
}

/** `unknown`: there is no such letter. `keyReused`: the Idempotency-Key was used with another body. */
export type ReleaseResult =
  | { readonly kind: "unknown" }
  | { readonly kind: "keyReused" }
  | ({ readonly kind: "done" } & ReleaseReport);

export interface LetterRelease {
  /** `audit`: the operator's entry, written before anything is done; null or absent: nobody's that is in the log. */
  replay(place: LetterPlace, claim: RequestClaim | null, audit?: CommandAudit | null): Promise<ReleaseResult>;
  discard(
    place: LetterPlace,
    reason: string,
    claim: RequestClaim | null,
    audit?: CommandAudit | null,
  ): Promise<ReleaseResult>;
  /** The lane stops: whoever waits is told how far it has come. */
  stop(): void;
}

/** So many are told by name, and given to the lane at once. */
const NAMED_LIMIT = 100;
/** Pauses between looks at what was put back: the first, each one longer than that before it, and the longest. */
const LOOK_MS = { first: 20, growth: 1.5, most: 500 };

const NOTE = `with ${insertAudit("select", 1)} select`;

interface Progress {
  readonly released: LetterPlace[];
  releasedCount: number;
  pending: boolean;
}

export function createLetterRelease(deps: LetterReleaseDeps): LetterRelease {
  const { module, database, clock, scheduler } = deps;
  let stopped = false;
  const { promise: ended, resolve: end } = Promise.withResolvers<false>();

  /** A record that could not be read has no aggregate's key. */
  const aboutPlace = ({ key, ...others }: LetterPlace) => ({
    ...(letterKind(others.source) === "record" ? { key } : aboutKey(deps.aggregate, key)),
    ...others,
  });

  async function asked(
    place: LetterPlace,
    claim: RequestClaim | null,
    audit: CommandAudit | null,
    act: (letter: Row | undefined, progress: Progress, untilMs: number) => Promise<void>,
  ): Promise<ReleaseResult> {
    const untilMs = clock.now() + deps.answerWithinMs;
    const earlier = claim ? await findEarlierRequest(database, claim) : undefined;
    if (earlier?.kind === "keyReused") return earlier;
    const [letter] = await database.query(letterRow(place));
    if (!letter && !earlier) return { kind: "unknown" };
    if (claim && !earlier && !(await stored(claim, letterId(module, place), audit))) return { kind: "keyReused" };
    if (!claim && audit) await database.query({ text: NOTE, params: [entryOf(audit)] });
    const progress: Progress = { released: [], releasedCount: 0, pending: false };
    await act(letter, progress, untilMs);
    const left = await leftOf(place);
    const { releasedCount, pending } = progress;
    if (releasedCount > 0)
      deps.log("info", "letters.released", {
        module,
        ...aboutPlace(place),
        released: releasedCount,
        left: left.leftCount,
        pending,
      });
    return { kind: "done", ...progress, ...left };
  }

  const entryOf = (audit: CommandAudit | null) =>
    auditParameter(audit, { key: audit?.key ?? "", atMs: clock.now(), outcome: "begun" });

  /** False: a twin with another body was first. */
  async function stored({ scope, bodyHash }: RequestClaim, reference: string, audit: CommandAudit | null) {
    await database.query({
      text: `with keyed as (insert into idempotency (scope, body_hash, status, reference, created_at)
          values ($1::uuid, $2::uuid, 200, $3, $4::text::timestamptz) on conflict do nothing returning 1),
        ${insertAudit("select from keyed", 5)} select`,
      params: [scope, bodyHash, reference, new Date(clock.now()).toISOString(), entryOf(audit)],
    });
    return (await findEarlierRequest(database, { scope, bodyHash }))?.kind === "replayed";
  }

  async function leftOf(place: LetterPlace): Promise<Pick<ReleaseReport, "left" | "leftCount" | "state">> {
    const [rows, [counts]] = await Promise.all([
      database.query(queueRows(place, NAMED_LIMIT)),
      database.query({
        text: `select count(*) as n, bool_or(discarded_at is not null) filter (where sequence = $3::integer) as own
          from dead_letter where key = $1 and source = $2`,
        params: [place.key, place.source, place.sequence],
      }),
    ]);
    const state = typeof counts?.own !== "boolean" ? "gone" : counts.own ? "discarded" : "parked";
    return { left: rows.map(letterOf), leftCount: Number(counts?.n), state };
  }

  /** Resolves to false when the time was over before all of them were settled. */
  async function letGo(rows: readonly Row[], letter: LetterAction, untilMs: number): Promise<boolean> {
    const items: MessageItem[] = [];
    const settled = rows.flatMap((row) => {
      const content = contentOf(row);
      if (content.kind !== "message") return [];
      const { envelope } = content;
      return [
        new Promise<unknown>((settle) => items.push({ kind: "message", key: envelope.key, envelope, letter, settle })),
      ];
    });
    let cancel: () => void = () => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = scheduler.after(Math.max(0, untilMs - clock.now()), () => resolve(false));
    });
    deps.letGo(items);
    const inTime = await Promise.race([Promise.all(settled).then(() => true), late, ended]);
    cancel();
    return inTime;
  }

  /** What was given to the lane and has not settled goes on; what comes after it waits for the operator to ask again. */
  async function releaseQueue({ key, source }: LetterPlace, progress: Progress, untilMs: number): Promise<void> {
    while (clock.now() < untilMs) {
      const rows = await database.query(queueRows({ key, source }, NAMED_LIMIT));
      if (rows.length === 0) return;
      progress.pending = !(await letGo(rows, { kind: "release" }, untilMs));
      const sequences = rows.map((row) => Number(row.sequence));
      const standing = await database.query({
        text: "select sequence from dead_letter where key = $1 and source = $2 and sequence = any($3::integer[])",
        params: [key, source, arrayLiteral(sequences)],
      });
      const stands = new Set(standing.map((row) => Number(row.sequence)));
      count(
        progress,
        sequences.filter((sequence) => !stands.has(sequence)).map((sequence) => ({ key, source, sequence })),
      );
      if (progress.pending || stands.size > 0) return;
    }
  }

  function count(progress: Progress, gone: readonly LetterPlace[]) {
    progress.releasedCount += gone.length;
    progress.released.push(...gone.slice(0, NAMED_LIMIT - progress.released.length));
  }

  /** Waits for what becomes of a timer or call that is put back. */
  async function putBackAndWait(place: LetterPlace, letter: Row | undefined, progress: Progress, untilMs: number) {
    if (letter) deps.putBack(await putBack(database, place, letter, clock.now()));
    for (let pauseMs = LOOK_MS.first; ; pauseMs = Math.min(LOOK_MS.most, pauseMs * LOOK_MS.growth)) {
      const state = await stateOf(database, place, clock.now());
      if (state === "gone" && letter) count(progress, [place]);
      progress.pending = state === "waits" && (stopped || clock.now() >= untilMs);
      if (state !== "waits" || progress.pending) return;
      await scheduler.sleep(Math.min(pauseMs, Math.max(0, untilMs - clock.now())));
    }
  }

  /** Whether a letter that the lane has settled is gone or marked; ends it where the lane cannot. */
  async function discarded(place: LetterPlace, reason: string, before: Row): Promise<boolean> {
    const parked = async () => (await database.query(letterRow(place)))[0]?.discarded_at === null;
    if (await parked()) {
      if (!(await isUnloadable(database, deps.aggregate, place.key))) return false;
      await discardUnloadable(database, place, reason, clock.now());
      if (await parked()) return false;
    }
    // Only the first reason counts, and it has been told.
    if (before.discarded_at === null) deps.log("warn", "letter.discarded", { module, ...aboutPlace(place), reason });
    return true;
  }

  return {
    stop() {
      stopped = true;
      end(false);
    },
    replay: (place, claim, audit = null) =>
      asked(place, claim, audit, async (letter, progress, untilMs) => {
        const kind = letterKind(place.source);
        if (kind === "message") await releaseQueue(place, progress, untilMs);
        // What cannot be read stays what it is: it can be looked at, and discarded.
        else if (kind !== "record") await putBackAndWait(place, letter, progress, untilMs);
      }),
    discard: (place, reason, claim, audit = null) =>
      asked(place, claim, audit, async (letter, progress, untilMs) => {
        if (letterKind(place.source) !== "message") {
          const gone = await database.query({
            text: "delete from dead_letter where key = $1 and source = $2 and sequence = 0 returning 1",
            params: [place.key, place.source],
          });
          if (gone.length > 0) deps.log("warn", "letter.discarded", { module, ...aboutPlace(place), reason });
          return;
        }
        if (letter) {
          progress.pending = !(await letGo([letter], { kind: "discard", reason }, untilMs));
          if (progress.pending || !(await discarded(place, reason, letter))) return;
        }
        const [first] = await database.query(queueRows(place, 1));
        // Those behind it follow; those before it wait for a replay of their own.
        const turn = first && (Number(first.sequence) > place.sequence || first.discarded_at !== null);
        if (turn) await releaseQueue(place, progress, untilMs);
      }),
  };
}
