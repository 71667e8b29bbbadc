/** Topics on the brokers: made by `genai-demo topics` alone, and looked at by whoever needs them. */
import type { Admin } from "kafkajs";
import { TOPICS_KEEP_MS } from "../../messages/retention.ts";
import { StartError } from "../../start-error.ts";
import { faultOf } from "./fault.ts";

export interface TopicSettings {
  /** Fixed once a topic is made: the order of a key's messages hangs on it. Growth is a new version of the topic. */
  readonly partitions: number;
  /** Copies of each message; null: as the brokers have it set. */
  readonly replication: number | null;
}

export interface TopicReport {
  readonly created: readonly string[];
  readonly present: readonly string[];
}

/** Which of the topics the brokers do not have. */
export async function missingTopics(admin: Admin, topics: readonly string[]): Promise<readonly string[]> {
  const there = new Set(await admin.listTopics());
  return topics.filter((topic) => !there.has(topic));
}

const ATTEMPTS = 5;
/**
 * Makes the topics that are missing. Throws a `StartError` when one that is there has other partitions than asked for:
 * they are never changed.
 */
export async function createTopics(
  admin: Admin,
  topics: readonly string[],
  settings: TopicSettings,
): Promise<TopicReport> {
  const created = await createMissing(admin, topics, settings);
  const { topics: described } = await admin.fetchTopicMetadata({ topics: [...topics] });
  const others = described.filter(({ partitions }) => partitions.length !== settings.partitions);
  if (others.length > 0)
    throw new StartError(
      `${others
        .map(({ name, partitions }) => `${name} has ${partitions.length} partitions, not ${settings.partitions}`)
        .join(
          "; ",
        )}: give that number (KAFKA_PARTITIONS), or make a new version of the topic; existing ones are never changed`,
    );
  return { created, present: topics.filter((topic) => !created.includes(topic)) };
}

async function createMissing(admin: Admin, topics: readonly string[], settings: TopicSettings) {
  const wanted = await missingTopics(admin, topics);
  for (let attempt = 1; ; attempt++) {
    const missing = await missingTopics(admin, topics);
    if (missing.length === 0) return wanted;
    try {
      await admin.createTopics({
        waitForLeaders: true,
        topics: missing.map((topic) => ({
          topic,
          numPartitions: settings.partitions,
          replicationFactor: settings.replication ?? -1,
          configEntries: [{ name: "retention.ms", value: String(TOPICS_KEEP_MS) }],
        })),
      });
    } catch (error) {
      // The broker knows a new topic a moment before it can name its leader, and says now and then that there is none.
      if (attempt >= ATTEMPTS || !faultOf(error).text.includes("UNKNOWN_TOPIC_OR_PARTITION")) throw error;
    }
  }
}
