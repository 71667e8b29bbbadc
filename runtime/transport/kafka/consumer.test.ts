/** What a supervised consumer tells of the clients that it goes through; on the real broker: absent.test.ts and others. */
import { expect, test } from "bun:test";
import { type ConsumerCrashEvent, type ConsumerGroupJoinEvent, Kafka, KafkaJSProtocolError } from "kafkajs";
import { seededRandom } from "../../random.ts";
import { systemScheduler } from "../../scheduler.ts";
import { until } from "../../until.fixture.ts";
import { superviseConsumer } from "./consumer.ts";
import type { GroupConsumer } from "./departed-member.ts";

const { events } = new Kafka({ brokers: ["127.0.0.1:1"] }).consumer({ groupId: "tally" });

/** One that joins as `member`, and is then given up for an error of that type; null: it stays. */
function client(member: string, type: string | null, left: string[]): GroupConsumer {
  const listeners = new Map<string, (event: unknown) => void>();
  const emit = (name: string, payload: unknown) => listeners.get(name)?.({ payload });
  const stub: Partial<GroupConsumer> = {
    events,
    on(name: unknown, listener: unknown) {
      // Each listener is given its own event alone.
      listeners.set(String(name), listener as (event: unknown) => void);
      return () => undefined;
    },
    connect: async () => undefined,
    disconnect: async () => undefined,
    subscribe: async () => undefined,
    leaveFor: async (departed) => void left.push(departed),
    async run() {
      const joined: Partial<ConsumerGroupJoinEvent["payload"]> = { memberId: member, memberAssignment: {} };
      emit(events.GROUP_JOIN, joined);
      if (type === null) return;
      const cause = Object.assign(new Error("as the broker says it"), { type, code: 1, retriable: true });
      const crashed: Partial<ConsumerCrashEvent["payload"]> = {
        error: new KafkaJSProtocolError(cause),
        restart: false,
      };
      emit(events.CRASH, crashed);
    },
  };
  // The supervisor uses no more of it.
  return stub as GroupConsumer;
}

test("a coordinator that starts is noted, anything else is warned of; each member leaves for its forerunner", async () => {
  const ends = ["GROUP_LOAD_IN_PROGRESS", "NOT_COORDINATOR_FOR_GROUP", "GROUP_AUTHORIZATION_FAILED", null];
  const logged: string[] = [];
  const conditions: (string | null)[] = [];
  const left: string[] = [];
  let lives = 0;
  const consumer = superviseConsumer(
    {
      consumer: "tally",
      topics: ["a"],
      deliver: async () => undefined,
      waiting: () => 0,
      reject: async () => undefined,
    },
    {
      makeConsumer: () => client(`member ${++lives}`, ends[lives - 1] ?? null, left),
      onBroker: (topic) => topic,
      topicsThere: async () => undefined,
      scheduler: systemScheduler,
      random: seededRandom(1),
      log: (level, event, { error }) => logged.push(`${level} ${event} ${String(error ?? "").split(",")[0]}`.trim()),
      condition: (problem) => conditions.push(problem),
      limits: { inHand: 1, inMemory: 1, commitEveryMs: 1, heartbeatMs: 1 },
    },
  );
  consumer.start();
  await until("the last one has joined", () => lives === ends.length && conditions.at(-1) === null);
  await consumer.stop(1_000);
  expect(logged).toEqual([
    "info kafka.consumer_joined",
    "info kafka.consumer_away GROUP_LOAD_IN_PROGRESS",
    "info kafka.consumer_joined",
    "info kafka.consumer_away NOT_COORDINATOR_FOR_GROUP",
    "info kafka.consumer_joined",
    "warn kafka.consumer_away GROUP_AUTHORIZATION_FAILED",
    "info kafka.consumer_joined",
  ]);
  expect(conditions.filter((problem) => problem !== null)).toHaveLength(3);
  expect(left).toEqual(["member 1", "member 2", "member 3"]);
});
