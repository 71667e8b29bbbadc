/**
 * The outside world of the platform (payment provider, mail server) with the faults that its ports allow. The simulators
 * of the platform keep their books in databases of their own, so the way there is what fails: a request is refused
 * before it arrives (known to have done nothing, or not), travels for a long time and arrives after its sender has given
 * up or died, or is done and its answer lost. For whole windows of time everything may be refused, or slow.
 *
 * What is on its way belongs to nobody's life: it arrives although its sender is dead, and until then the seed is not
 * over.
 */
import type { Database, Row, Statement } from "../../runtime/database/port.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import { NothingHappened } from "../../runtime/messages/call.ts";
import type { Random } from "../../runtime/random.ts";
import type { WindowKind } from "./fault-profile.ts";
import type { Actor } from "./loop.ts";
import { chance } from "./seed.ts";
import { idsIn } from "./story.ts";
import type { World } from "./workload.ts";

/** What may befall an outside system, and when a caller gives up on it. */
export interface OutsideSystem {
  readonly name: string;
  readonly outage: WindowKind;
  readonly slow: WindowKind | null;
  readonly giveUpMs: number;
  /** What a request asks, for the story. */
  readonly inWords: (statement: Statement) => readonly string[];
}

export interface Outside {
  /** The system's books as one life of a node reaches them; the lives of a replica share their connections. */
  databaseFor(life: { readonly index: number; readonly actor: Actor }, random: Random): Database;
  /** How many requests are on their way. */
  travelling(): number;
  /** How many answers this life of a node waits for. */
  awaitedBy(actor: Actor): number;
}

const lost = (text: string) => new DatabaseError("unavailable", "08006", text);

/** The books of one outside system, behind a way that fails. `Api` does not matter to it. */
export function createOutside<Api>(
  { loop, faults, trace, outside, outsideDatabase }: World<Api>,
  { name, outage, slow, giveUpMs, inWords }: OutsideSystem,
): Outside {
  const scheduler = loop.schedulerOf(outside);
  const databases = new Map<number, Database>();
  let travelling = 0;
  const awaited = new Map<Actor, number>();

  function connectionsOf(index: number): Database {
    const database = databases.get(index) ?? outsideDatabase(name);
    databases.set(index, database);
    return database;
  }

  const tell = (statement: Statement, text: string) => {
    trace.line(`  ${name}: ${text}`);
    trace.tell(() => ({ about: idsIn([statement]), text: `${name}: ${text}: `, parts: inWords(statement) }));
  };

  /** Ends before the request has left: refused, or the way is down. */
  function refusal(statement: Statement, random: Random): Error | null {
    const isDown = faults.during(outage);
    if (isDown) faults.count("outsideRefused");
    else if (!faults.happens("externalNotDone")) return null;
    tell(statement, isDown ? "is down, the request is refused" : "the request is not done");
    return chance(random, 0.5) ? new NothingHappened(`${name} refused the connection`) : lost(`${name} is not there`);
  }

  function travelMs(): number {
    const isSlow = (slow !== null && faults.during(slow)) || faults.happens("externalSlow");
    return isSlow ? faults.durationMs(faults.profile.externalSlowMs) : 0;
  }

  /** Goes on whatever becomes of the sender. */
  async function travel(statement: Statement, work: () => Promise<Row[]>): Promise<Row[]> {
    travelling += 1;
    const sentMs = loop.now();
    try {
      const forMs = travelMs();
      if (forMs > 0) {
        tell(statement, `the request is on its way for ${forMs} ms`);
        await scheduler.sleep(forMs);
      }
      return await work();
    } finally {
      if (loop.now() - sentMs > giveUpMs) faults.count("outsideTooLate");
      travelling -= 1;
    }
  }

  return {
    travelling: () => travelling,
    awaitedBy: (actor) => awaited.get(actor) ?? 0,
    databaseFor({ index, actor }, random) {
      const database = connectionsOf(index);

      const isAwaited = (more: number) => awaited.set(actor, (awaited.get(actor) ?? 0) + more);
      function request(statement: Statement, work: () => Promise<Row[]>): Promise<Row[]> {
        isAwaited(1);
        return new Promise<Row[]>((resolve, reject) => {
          const answer = (settle: () => void) =>
            loop.submit({ actor, label: `answer of ${name}`, commits: true, perform: async () => settle });
          const perform = async () => {
            const refused = refusal(statement, random);
            if (refused !== null) return () => reject(refused);
            travel(statement, work).then(
              (rows) => {
                if (!faults.happens("externalAnswerLost")) return answer(() => resolve(rows));
                tell(statement, "its answer is lost");
                answer(() => reject(lost(`${name} gave no answer`)));
              },
              (error: unknown) => answer(() => reject(error)),
            );
            return () => undefined;
          };
          loop.submit({ actor, label: `request to ${name}`, commits: true, perform });
        }).finally(() => isAwaited(-1));
      }

      return {
        lane(lane) {
          const inner = database.lane(lane);
          return { ...inner, run: (statement) => request(statement, () => inner.run(statement)) };
        },
        query: (statement) => request(statement, () => database.query(statement)),
        // What is on its way arrives also when its sender has ended.
        close: async () => undefined,
      };
    },
  };
}
