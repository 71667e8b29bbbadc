/** Requests under a few keys at two replicas at once, while answers of commits are lost and one replica dies. */
import { expect, test } from "bun:test";
import { pick, seededRandom } from "../random.ts";
import { CommandUnavailable } from "./command-unavailable.ts";
import type { CommandResult } from "./item.ts";
import { ids, newKey, type Replica, testBench } from "./replicas.fixture.ts";
import { openTally } from "./tally.fixture.ts";

const bench = testBench();

const SCOPES = 8;
const CLIENTS = 8;
const REQUESTS_EACH = 20;

interface Sent {
  readonly scope: string;
  readonly bodyHash: string;
  readonly result: CommandResult<unknown>;
  /** Of the attempts that this caller made. */
  readonly references: readonly string[];
}

test.each([1, 2, 3])("each key has one effect, and all its answers agree (seed %d)", async (seed) => {
  const random = seededRandom(seed);
  const [doomed, survivor] = await Promise.all([bench.replica(), bench.replica()]);
  const died = Promise.withResolvers<"died">();
  let alive: readonly Replica[] = [doomed, survivor];
  const scopes = Array.from({ length: SCOPES }, () => ({ scope: ids.next(), bodies: [ids.next(), ids.next()] }));

  /** Sends the request until somebody answers it, as a client does. */
  async function send(scope: string, bodyHash: string): Promise<Sent> {
    const references: string[] = [];
    for (;;) {
      const replica = alive[pick(random, alive.length)] ?? survivor;
      if (pick(random, 16) === 0) replica.faults.loseAnswers = 1;
      const reference = ids.next();
      references.push(reference);
      const attempt = replica
        .run(
          openTally,
          newKey(),
          { name: `${scope} ${bodyHash}`, add: 1 },
          { idempotency: { scope, bodyHash, status: 201, reference } },
        )
        .catch((error: unknown) => {
          if (error instanceof CommandUnavailable) return "again" as const;
          throw error;
        });
      const result = await (replica === doomed ? Promise.race([attempt, died.promise]) : attempt);
      if (typeof result !== "string") return { scope, bodyHash, result, references };
    }
  }

  const answers: Sent[] = [];
  // One after the other, so that twins meet in one batch, in batches that follow each other, and long afterwards.
  const client = async (number: number) => {
    for (let request = 0; request < REQUESTS_EACH; request++) {
      await Bun.sleep(pick(random, 12));
      if (number === 0 && request === REQUESTS_EACH / 2) {
        doomed.kill();
        alive = [survivor];
        died.resolve("died");
      }
      const { scope, bodies } = scopes[pick(random, SCOPES)] ?? { scope: "", bodies: [] };
      answers.push(await send(scope, bodies[pick(random, bodies.length)] ?? ""));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));

  const effects = (await bench.rows("select what from effect")).map(({ what }) => String(what));
  expect(effects).toHaveLength(SCOPES);
  for (const { scope } of scopes) {
    const [winner] = effects.flatMap((what) => (what.startsWith(`${scope} `) ? [what.slice(scope.length + 1)] : []));
    const [stored] = await bench.rows("select reference, body_hash from idempotency where scope = $1::uuid", scope);
    expect(stored?.body_hash).toBe(winner);
    for (const { bodyHash, result, references } of answers.filter((each) => each.scope === scope)) {
      if (bodyHash !== winner) expect(result.kind).toBe("keyReused");
      else if (result.kind === "decided") expect(references.at(-1)).toBe(String(stored?.reference));
      else expect(result).toEqual({ kind: "replayed", status: 201, reference: String(stored?.reference) });
    }
    expect(answers.filter((each) => each.scope === scope && each.result.kind === "decided").length).toBeLessThan(2);
  }
  expect([...doomed.logged, ...survivor.logged].some(({ event }) => event === "batch.unavailable")).toBe(true);
});
