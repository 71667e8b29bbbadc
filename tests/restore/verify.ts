/**
 * The restore, rehearsed: real processes, a PostgreSQL of its own for each module, a real broker. Orders of every kind are
 * placed while physical copies of the databases are taken; then everything crashes. Again and again from there, some
 * modules' databases are put back to copies of different moments, their consumer groups are set back, the platform starts,
 * and what `reconcile` lists is compared with how everything stood before.
 */
import { join } from "node:path";
import type { Checklist } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { faultsOfListing, patternsIn, unknownDetails } from "./listing.ts";
import type { Copy } from "./module-databases.ts";
import { raiseNumbers, statementIn } from "./numbers.ts";
import { adjust, placeWave, SCARCE, stockScarce } from "./orders.ts";
import { openStage, type Stage } from "./stage.ts";
import { differences, readStanding, type Standing } from "./standing.ts";

export interface RestoreFigures {
  readonly minutes: number;
  readonly orders: number;
  readonly restores: number;
  /** Orders that stood otherwise after a restore, over all of them, and how many of these were listed. */
  readonly differing: number;
  readonly differingListed: number;
}

interface Round {
  readonly name: string;
  /** By module: of which moment its copy is. Others have lost nothing. */
  readonly moments: Readonly<Record<string, number>>;
  readonly isRewound: boolean;
}

const MOMENTS = 4;
/** A group may lie behind what is published by so much; in production more is allowed for (docs/runbooks/restore.md). */
const MARGIN_MS = 5_000;
const RUNBOOK = join(import.meta.dir, "..", "..", "docs", "runbooks", "restore.md");

const alone = (module: string): Round => ({ name: `${module} alone`, moments: { [module]: 1 }, isRewound: true });
const ROUNDS: readonly Round[] = [
  { name: "nothing but the crash", moments: {}, isRewound: true },
  ...["order", "payment", "inventory", "pricing", "delivery", "notification"].map(alone),
  {
    name: "all, each of another moment",
    moments: { order: 2, payment: 1, inventory: 3, pricing: 0, delivery: 2, notification: 1 },
    isRewound: true,
  },
];
/** What must be worse than with its group set back, or setting it back does nothing. */
const UNREWOUND: Round = {
  name: "inventory alone, its group left where it was",
  moments: { inventory: 1 },
  isRewound: false,
};

/** Runs every round; what could not be run at all is a failure. Null where it did not run to its end. */
export async function verifyRestore(checklist: Checklist): Promise<RestoreFigures | null> {
  try {
    return await rehearse(checklist);
  } catch (error) {
    checklist.check("the rehearsal runs to its end", [messageOf(error)]);
    return null;
  }
}

async function rehearse({ check, progress }: Checklist): Promise<RestoreFigures> {
  const startedMs = performance.now();
  const runbook = await Bun.file(RUNBOOK).text();
  const known = patternsIn(runbook);
  await using stage = await openStage();
  await stage.start();
  const copies = await traffic(stage);
  const { checked, violations } = await stage.settle();
  const truth = await readStanding(stage.databases);
  check(
    `${checked.orders} orders have ended, and the books agree`,
    violations.map(({ subject, detail }) => `${subject}: ${detail}`),
  );
  await stage.crash();

  const totals = { differing: 0, differingListed: 0 };
  let rewound = 0;
  for (const round of ROUNDS) {
    const { found, listed } = await restored(stage, round, copies, truth);
    const orders = found.filter(({ subject }) => subject.startsWith("order "));
    const subjects = new Set(listed.map(({ subject }) => subject));
    totals.differing += orders.length;
    totals.differingListed += orders.filter(({ subject }) => subjects.has(subject)).length;
    if (round.name === alone("inventory").name) rewound = listed.length;
    progress(`restored ${round.name}: ${orders.length} orders stand otherwise, ${subjects.size} are listed`);
    // An operator's units after the copy: no message has told of them.
    const untold = "inventory" in round.moments ? [`stock ${SCARCE} in main`] : [];
    check(`${round.name}: reconcile lists what stands otherwise, and nothing else`, [
      ...faultsOfListing(found, listed, untold),
      ...(untold.every((subject) => found.some((one) => one.subject === subject)) ? [] : ["the lost units are there"]),
    ]);
    check(
      `${round.name}: the runbook says how to mend each`,
      unknownDetails(listed, known).map((detail) => `no row of docs/runbooks/restore.md: ${detail}`),
    );
    if (round.name === alone("payment").name) {
      const raised = await raiseNumbers(stage.databases, listed, statementIn(runbook));
      const { violations: left } = await stage.settle();
      check(`${round.name}: ${raised} numbers are raised as the runbook says, and no sender is behind`, [
        ...(raised > 0 ? [] : ["there was nothing to raise"]),
        ...left.filter(({ invariant }) => invariant === "sequence").map(({ detail }) => detail),
      ]);
    }
  }
  const { listed } = await restored(stage, UNREWOUND, copies, truth);
  progress(`restored ${UNREWOUND.name}: ${listed.length} lines, ${rewound} when it is set back`);
  check("without setting the group back there is more to mend", listed.length > rewound ? [] : ["there is not"]);
  return {
    minutes: Math.round((performance.now() - startedMs) / 6_000) / 10,
    orders: checked.orders,
    restores: ROUNDS.length + 1,
    ...totals,
  };
}

type Copies = readonly ReadonlyMap<string, Copy>[];

/** Waves of orders, with a copy of every database during each. */
async function traffic(stage: Stage): Promise<Copies> {
  const customer = await stage.client("customer", "alice");
  const operator = await stage.client("operator", "olga");
  await stockScarce(operator);
  const copies: ReadonlyMap<string, Copy>[] = [];
  let earlier: readonly string[] = [];
  for (let moment = 0; moment < MOMENTS; moment++) {
    const [went, taken] = await Promise.all([
      placeWave({ customer, operator, earlier }),
      stage.copies(`copy-${moment}`),
    ]);
    earlier = went;
    copies.push(taken);
  }
  await adjust(operator, 3);
  return copies;
}

async function restored(stage: Stage, { moments, isRewound }: Round, copies: Copies, truth: Standing) {
  const chosen = new Map(
    Object.entries(moments).map(([module, moment]) => {
      const copy = copies[moment]?.get(module);
      if (copy === undefined) throw new Error(`there is no copy ${moment} of ${module}`);
      return [module, copy] as const;
    }),
  );
  await stage.restore(chosen);
  if (isRewound) await Promise.all([...chosen].map(([module, { atMs }]) => stage.rewind(module, atMs - MARGIN_MS)));
  await stage.start();
  const { violations } = await stage.settle();
  return { found: differences(truth, await readStanding(stage.databases)), listed: violations };
}
