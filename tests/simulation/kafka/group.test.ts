import { expect, test } from "bun:test";
import { seededRandom } from "../../../runtime/random.ts";
import { createGroup, type Membership } from "./group.ts";

const TOPIC = "events";
const PLACES = [0, 1, 2, 3].map((partition) => ({ topic: TOPIC, partition }));
const SESSION_MS = 6000;
const REBALANCE_MS = 20_000;

function bench() {
  let nowMs = 0;
  const counts: string[] = [];
  const silent = new Set<string>();
  const memberships = new Map<string, Membership>();
  const refusals = new Map<string, unknown>();
  const group = createGroup({
    name: "group",
    now: () => nowMs,
    random: seededRandom(1),
    placesOf: () => PLACES,
    sessionMs: SESSION_MS,
    rebalanceMs: REBALANCE_MS,
    expels: () => false,
    note: () => undefined,
    count: (what) => counts.push(what),
  });
  const join = (member: string) =>
    group.join({
      member,
      topics: [TOPIC],
      beats: () => !silent.has(member),
      reply: {
        resolve: (membership) => memberships.set(member, membership),
        reject: (error) => refusals.set(member, error),
      },
    });
  const of = (member: string): Membership => {
    const membership = memberships.get(member);
    if (membership === undefined) throw new Error(`${member} has not joined`);
    return membership;
  };
  return {
    group,
    counts,
    silent,
    refusals,
    join,
    of,
    partitions: (member: string) => of(member).places.map(({ partition }) => partition),
    pass(ms: number) {
      for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 1000) group.look(false);
    },
    lookAway(ms: number) {
      for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 1000) group.look(true);
    },
  };
}

const at = (partition: number, offset: number) => [{ topic: TOPIC, partition, offset }];

test("a second member waits for the first to join anew; then each partition has one of them", () => {
  const { group, join, of, partitions } = bench();
  join("a");
  const first = of("a");
  expect(partitions("a")).toEqual([0, 1, 2, 3]);
  join("b");
  expect(() => of("b")).toThrow("has not joined");
  expect(group.mustJoin(first)).toBe(true);
  expect(() => group.heartbeat(first)).toThrow("rebalancing");
  join("a");
  expect([...partitions("a"), ...partitions("b")].sort()).toEqual([0, 1, 2, 3]);
  expect(of("a").generation).toBe(2);
  expect(group.mustJoin(of("a"))).toBe(false);
});

test("until the new generation begins commits of the old one are taken, afterwards they are refused", () => {
  const { group, join, of, counts } = bench();
  join("a");
  const old = of("a");
  join("b");
  group.commit(old, at(0, 5));
  join("a");
  expect(() => group.commit(old, at(0, 7))).toThrow("generation 1 of group is over");
  expect(group.committed(PLACES[0] ?? { topic: "", partition: 0 })).toBe(5);
  expect(counts).toEqual(["rebalance", "commitRefused"]);
});

test("a member that is silent for longer than its session is missed, and the others go on without it", () => {
  const { group, join, of, partitions, silent, pass, counts } = bench();
  join("a");
  join("b");
  join("a");
  const frozen = of("a");
  silent.add("a");
  pass(SESSION_MS);
  expect(group.isCurrent(frozen)).toBe(true);
  pass(2000);
  expect(counts).toContain("memberMissed");
  expect(() => group.heartbeat(frozen)).toThrow("a is no member of group");
  expect(() => group.commit(frozen, at(0, 9))).toThrow("a is no member of group");
  join("b");
  expect(partitions("b").toSorted()).toEqual([0, 1, 2, 3]);
  expect(() => join("a")).toThrow("a is no member of group");
});

test("while the brokers are away nobody is missed", () => {
  const { group, join, of, silent, lookAway } = bench();
  join("a");
  silent.add("a");
  lookAway(10 * SESSION_MS);
  expect(group.isCurrent(of("a"))).toBe(true);
});

test("one that lives and does not join anew is waited for as long as a rebalance may take", () => {
  const { join, of, pass } = bench();
  join("a");
  join("b");
  pass(REBALANCE_MS - 1000);
  expect(() => of("b")).toThrow("has not joined");
  pass(3000);
  expect(of("b").places).toHaveLength(4);
});

test("one that is taken out while it joins hears of it", () => {
  const { group, join, refusals } = bench();
  join("a");
  join("b");
  group.leave("b");
  expect(String(refusals.get("b"))).toContain("b is no member of group");
});

test("what was committed once counts as committed though a member commits less", () => {
  const { group, join, of } = bench();
  const [place = { topic: TOPIC, partition: 0 }] = PLACES;
  join("a");
  group.commit(of("a"), at(0, 8));
  group.commit(of("a"), at(0, 3));
  expect([group.committed(place), group.everCommitted(place)]).toEqual([3, 8]);
});
