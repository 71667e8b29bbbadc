/**
 * Bugs that no simulation can show: disk, sockets, signals and the brokers' own client are replaced in it. Each is named
 * with the test over real processes that is there for it. They do not count among the figures of `simulate --mutants`.
 */

export interface RealProcessBug {
  readonly name: string;
  /** What is broken, in one sentence. */
  readonly breaks: string;
  /** Where the product keeps the promise. */
  readonly file: string;
  /** `test`: how its name begins. */
  readonly shownBy: { readonly file: string; readonly test: string };
}

export const FOR_REAL_PROCESSES: readonly RealProcessBug[] = [
  {
    name: "no-fsync",
    breaks: "The database acknowledges what a power cut takes back.",
    file: "runtime/database/embedded.ts",
    shownBy: { file: "tests/faults/power-cut.test.ts", test: "the same cut with fsync off loses acknowledged orders" },
  },
  {
    name: "full-disk-is-no-outage",
    breaks: "A database without room for rows is taken for one that refuses the data.",
    file: "runtime/messages/condition.ts",
    shownBy: { file: "tests/faults/full-disk.test.ts", test: "no room for rows: 503 with Retry-After" },
  },
  {
    name: "deaf-to-sigterm",
    breaks: "SIGTERM ends the process without shutting down.",
    file: "runtime/cli/run-platform.ts",
    shownBy: { file: "tests/processes/process.test.ts", test: "SIGTERM ends it with code 0 within ten seconds" },
  },
  {
    name: "two-on-one-directory",
    breaks: "A second process opens a data directory that is in use.",
    file: "runtime/database/embedded.ts",
    shownBy: {
      file: "tests/processes/process.test.ts",
      test: "a second process on the same data directory is refused",
    },
  },
  {
    name: "frozen-server-waited-for",
    breaks: "A statement to a server that has frozen waits for ever.",
    file: "runtime/database/link.ts",
    shownBy: { file: "runtime/database/postgres.test.ts", test: "a frozen server: unavailable at the deadline" },
  },
  {
    name: "stale-plan-repeats-outside",
    breaks: "A plan that the schema made stale lets the driver repeat a statement outside of its transaction.",
    file: "runtime/database/errors.ts",
    shownBy: { file: "runtime/database/postgres.test.ts", test: "a plan made stale by a schema change never repeats" },
  },
  {
    name: "effect-asked-for-again",
    breaks: "A request that has an effect is sent again after its connection broke off.",
    file: "runtime/rpc/http.ts",
    shownBy: { file: "runtime/rpc/http.test.ts", test: "%s that went %s (%p, Retry-After %p) is asked so often: %p" },
  },
  {
    name: "broker-frozen-in-a-send",
    breaks: "A producer goes on after a broker that froze, and an acknowledged message is lost.",
    file: "runtime/transport/kafka/publisher.ts",
    shownBy: {
      file: "runtime/transport/kafka/frozen-broker.test.ts",
      test: "no confirmed message is lost, and each key keeps its order",
    },
  },
  {
    name: "offset-out-of-range-skips",
    breaks: "A consumer whose offset is out of range goes on with the latest record.",
    file: "runtime/transport/kafka/consumer.ts",
    shownBy: {
      file: "runtime/transport/kafka/offsets.test.ts",
      test: "a position %s: whatever there is comes, in order",
    },
  },
  {
    name: "unreadable-record-dropped",
    breaks: "A record that is no message is passed over without a letter.",
    file: "runtime/transport/kafka/consumer.ts",
    shownBy: {
      file: "runtime/transport/kafka/bad-records.test.ts",
      test: "each is parked with its reason, and the other keys of its partition go on",
    },
  },
];
