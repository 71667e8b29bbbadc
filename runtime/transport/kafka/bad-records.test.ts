/** Records that are no messages, and messages that nobody can handle: parked with their reason, and in nobody's way. */
import { beforeEach, expect, test } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import { topicOf } from "../../messages/contract.ts";
import { type Letter, type LetterPlace, letterId, parseLetterId } from "../../messages/dead-letter.ts";
import { readLetter, readLetters } from "../../messages/read-letters.ts";
import { incoming, newKey, type Replica, testBench } from "../../messages/replicas.fixture.ts";
import { foreignEvents, tallyCommands, tallyEvents } from "../../messages/tally.fixture.ts";
import { systemRandom } from "../../random.ts";
import { systemScheduler } from "../../scheduler.ts";
import { until } from "../../until.fixture.ts";
import { createKafkaTransport } from "../kafka.ts";
import { SOON_MS, testBroker } from "./broker.fixture.ts";
import { encodeRecord } from "./record.ts";
import { createTopics } from "./topics.ts";

const broker = testBroker();
const bench = testBench();
const TOPICS = [tallyCommands, tallyEvents, foreignEvents].map((types) => topicOf(types).name);
const COMMANDS = topicOf(tallyCommands).name;

/** A sound message of a key of its own. */
const sound = (name = "sound", type = "Do") => encodeRecord(incoming(newKey(), 1, { name }, type));
type Outgoing = Omit<ReturnType<typeof sound>, "key" | "value"> & { key: string | null; value: string | Buffer | null };
const without = (header: string): Outgoing => {
  const { headers, ...rest } = sound();
  return { ...rest, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== header)) };
};

/** What is wrong, the record, and how its letter begins. */
const BAD: readonly (readonly [what: string, record: () => Outgoing, reason: string, error: string])[] = [
  ["no header at all", () => ({ ...sound(), headers: {} }), "unreadable", "the header ce_specversion is missing"],
  ["without its number", () => without("ce_sequence"), "unreadable", "the header ce_sequence is missing"],
  [
    "of a newer CloudEvents",
    () => ({ ...sound(), headers: { ...sound().headers, ce_specversion: "2.0" } }),
    "unreadable",
    "it is of CloudEvents 2.0",
  ],
  ["no key", () => ({ ...sound(), key: null }), "unreadable", "it has no key"],
  ["no value", () => ({ ...sound(), value: null }), "unreadable", "it has no value"],
  ["no UTF-8", () => ({ ...sound(), value: Buffer.from([0xff, 0x00]) }), "unreadable", "its value is no UTF-8"],
  ["no JSON", () => ({ ...sound(), value: "{name" }), "threw", "JSON"],
  ["of an unknown type", () => sound("unknown", "Undo"), "threw", "Undo"],
];

/** Each test has topics and consumer groups of its own. */
let prefix = "";
let tests = 0;
beforeEach(async () => {
  prefix = `tests-${++tests}.`;
  await broker.administer((admin) =>
    createTopics(
      admin,
      TOPICS.map((topic) => `${prefix}${topic}`),
      { partitions: 1, replication: null },
    ),
  );
});

function replica(): Promise<Replica> {
  return bench.replica({
    transport: (log) =>
      createKafkaTransport({
        settings: { ...broker.settings(), prefix },
        sends: TOPICS,
        scheduler: systemScheduler,
        random: systemRandom(),
        log,
        condition: () => undefined,
      }),
  });
}

/** Puts them on the one partition as they are, each before a sound message; resolves with where they begin. */
async function produce(records: readonly Outgoing[]): Promise<{ from: string; keys: readonly string[] }> {
  const producer = new Kafka({ brokers: [...broker.kafka.brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const others = records.map(() => sound());
  const messages = records.flatMap((record, index) => [record, others[index] ?? sound()]);
  const [written] = await producer.send({ topic: `${prefix}${COMMANDS}`, messages });
  await producer.disconnect();
  return { from: String(written?.baseOffset), keys: others.map(({ key }) => key) };
}

const handled = (keys: readonly string[]) =>
  until(
    "the others have had their effect",
    async () => {
      const effects = await Promise.all(keys.map((key) => bench.effects(key)));
      return effects.every((each) => each.length === 1);
    },
    SOON_MS,
  );
const place = ({ key, source, sequence }: Letter): LetterPlace => ({ key, source, sequence });
const letters = () => readLetters(bench.database, null, 100);
const parked = () => until("all are parked", async () => (await letters()).length >= BAD.length, SOON_MS);

/** All that was written is committed. */
const settled = () =>
  until(
    "all is settled",
    () =>
      broker.administer(async (admin) => {
        const topic = `${prefix}${COMMANDS}`;
        const [end] = await admin.fetchTopicOffsets(topic);
        const [group] = await admin.fetchOffsets({ groupId: `${prefix}genai-demo.tally`, topics: [topic] });
        return group?.partitions[0]?.offset === end?.high;
      }),
    SOON_MS,
  );

test("each is parked with its reason, and the other keys of its partition go on", async () => {
  await replica();
  for (const [what, record, reason, error] of BAD) {
    const { keys, from } = await produce([record()]);
    await handled(keys);
    await until("it is parked", async () => (await letters()).length === 1, SOON_MS);
    const [letter] = await letters();
    expect([what, letter?.reason, letter?.error]).toEqual([what, reason, expect.stringContaining(error)]);
    if (reason === "unreadable")
      expect(letter).toMatchObject({ key: `0-${from}`, source: `record:${COMMANDS}`, sequence: 0 });
    await bench.rows("delete from dead_letter");
  }
});

test("one that is delivered again is still one letter", async () => {
  const first = await replica();
  const { keys } = await produce(BAD.map(([, record]) => record()));
  await handled(keys);
  await parked();
  const before = await letters();
  await first.stop();
  await broker.administer((admin) => admin.deleteGroups([`${prefix}genai-demo.tally`]));
  await replica();
  const { keys: more } = await produce([sound()]);
  await handled(more);
  await settled();
  expect((await letters()).map(place)).toEqual(before.map(place));
  await handled(keys);
});

test("all of them are listed and shown, stay when they are replayed, and go when they are discarded", async () => {
  const one = await replica();
  const { keys } = await produce(BAD.map(([, record]) => record()));
  await handled(keys);
  await parked();
  for (const letter of await letters()) {
    const at = place(letter);
    const { reason } = letter;
    expect(parseLetterId(letterId("tally", at))).toEqual({ module: "tally", place: at });
    const shown = await readLetter(bench.database, at);
    expect(shown).toMatchObject({ ...at, reason });
    expect(JSON.stringify(shown?.payload)).toContain(reason === "unreadable" ? `"topic":"${COMMANDS}"` : "name");
    const replayed = await one.running.letters.replay(at, null);
    expect(replayed).toMatchObject({ kind: "done", state: "parked", releasedCount: 0, pending: false });
    expect(await readLetter(bench.database, at)).toMatchObject({ ...at, reason, error: shown?.error });
    const discarded = await one.running.letters.discard(at, "it is nobody's", null);
    expect(discarded).toMatchObject({ kind: "done", state: "gone", leftCount: 0 });
  }
  expect(await letters()).toEqual([]);
});
