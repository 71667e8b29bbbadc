/** Bugs in the transport over Kafka (runtime/transport/kafka). */
import type { PlantedBug } from "./planted-bug.ts";

const bug = (planted: Omit<PlantedBug, "workload">): PlantedBug => ({ ...planted, workload: "platform:kafka" });

export const KAFKA_BUGS: readonly PlantedBug[] = [
  bug({
    name: "commit-past-unsettled",
    breaks: "What is committed at the brokers goes past a record that is still in hand.",
    against: "sequence",
    file: "runtime/transport/kafka/unsettled-offsets.ts",
    find: "const watermark = first ?? next;",
    replace: "const watermark = next;",
  }),
  bug({
    name: "each-batch-counts-anew",
    breaks: "A batch that follows another one forgets what is in hand of it.",
    against: "sequence",
    file: "runtime/transport/kafka/consumer.ts",
    find: "if (known?.continuesAt(fetchedOffset)) return known;",
    replace: "if (known?.continuesAt(fetchedOffset) === null) return known;",
  }),
  bug({
    name: "settled-when-handed-over",
    breaks: "A record counts as settled when it is handed over.",
    against: "sequence",
    file: "runtime/transport/kafka/consumer.ts",
    find: "    offsets.begin(offset);\n    inHand++;",
    replace: "    offsets.begin(offset);\n    offsets.settle(offset);\n    inHand++;",
  }),
  bug({
    name: "failed-commit-is-final",
    breaks: "Offsets whose commit failed count as committed.",
    against: "every order ends",
    file: "runtime/transport/kafka/consumer.ts",
    find: "      commitFails = true;\n      commitSoon();",
    replace: "      commitFails = true;\n      for (const { offset, offsets } of due) offsets.committed(offset);",
  }),
  bug({
    name: "no-second-consumer",
    breaks: "A consumer that was given up is never replaced.",
    against: "every order ends",
    file: "runtime/transport/kafka/consumer.ts",
    find: "if (own.stopped || fault === null) return;",
    replace: "if (own.stopped || fault !== undefined) return;",
  }),
  bug({
    name: "confirm-before-send",
    breaks: "A message counts as sent when it is queued.",
    against: "sequence",
    file: "runtime/transport/kafka/publisher.ts",
    find: "queue.waiting.push({ record, bytes, resolve, reject });",
    replace: "queue.waiting.push({ record, bytes, resolve, reject });\n        resolve();",
  }),
  bug({
    name: "confirm-failed-send",
    breaks: "A send that failed counts as one that did not.",
    against: "sequence",
    file: "runtime/transport/kafka/publisher.ts",
    find: "return failed(batch, error);",
    replace: "await failed(batch, error);",
  }),
  bug({
    name: "producer-out-of-step",
    breaks: "A producer that has met an error goes on.",
    against: "sequence",
    file: "runtime/transport/kafka/publisher.ts",
    find: "await drop();\n    const [first",
    replace: "const [first",
  }),
];
