import { expect, test } from "bun:test";
import fc from "fast-check";
import { messageId } from "../../messages/envelope.ts";
import { verify } from "../../property.fixture.ts";
import { decodeRecord, encodeRecord, type IncomingRecord } from "./record.ts";

const TOPIC = "genai-demo.tally.commands.v1";
const words = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  .filter((text) => !/[:\ufffd\p{Cc}]/u.test(text));
const message = fc.record({
  topic: fc.constant(TOPIC),
  key: words,
  sequence: fc.integer({ min: 1, max: 2_147_483_647 }),
  type: words,
  producer: fc.stringMatching(/^[a-z]{1,10}$/),
  timeMs: fc.integer({ min: 0, max: Date.UTC(9999, 0) }),
  causationId: words,
  correlationId: words,
  data: fc.json({ noUnicodeString: false }),
});

/** As kafkajs gives it back. */
function onTheWire({ key, value, headers }: ReturnType<typeof encodeRecord>): IncomingRecord {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return { offset: "7", key: Buffer.from(key), value: Buffer.from(value), headers: Object.fromEntries(bytes) };
}

test("a message comes back as it was sent", () => {
  verify(
    fc.property(
      message,
      fc.option(fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
      (sent, trace) => {
        const whole = trace === null ? sent : { ...sent, traceparent: trace };
        expect(decodeRecord(TOPIC, 0, onTheWire(encodeRecord(whole)))).toEqual({ kind: "message", message: whole });
      },
    ),
  );
});

const sound = {
  topic: TOPIC,
  key: "k",
  sequence: 3,
  type: "Do",
  producer: "tally",
  timeMs: 1000,
  causationId: "cause",
  correlationId: "origin",
  data: '{"name":"a"}',
};

test("headers are those of CloudEvents 1.0 in binary mode", () => {
  expect(encodeRecord(sound)).toEqual({
    key: "k",
    value: '{"name":"a"}',
    headers: {
      "content-type": "application/json",
      ce_specversion: "1.0",
      ce_id: messageId(sound),
      ce_source: "/genai-demo/tally",
      ce_type: "Do",
      ce_time: "1970-01-01T00:00:01.000Z",
      ce_sequence: "3",
      ce_causationid: "cause",
      ce_correlationid: "origin",
    },
  });
});

const record = onTheWire(encodeRecord(sound));
const withHeader = (name: string, value: string | null | undefined): IncomingRecord => ({
  ...record,
  headers: { ...record.headers, [name]: typeof value === "string" ? Buffer.from(value) : value },
});

test.each([
  ["no header at all", { ...record, headers: {} }, "the header ce_specversion is missing"],
  ["a newer CloudEvents", withHeader("ce_specversion", "2.0"), "it is of CloudEvents 2.0"],
  ["no number", withHeader("ce_sequence", undefined), "the header ce_sequence is missing"],
  ["a header without a value", withHeader("ce_sequence", null), "the header ce_sequence is missing"],
  ["a number below 1", withHeader("ce_sequence", "0"), "ce_sequence is no number from 1"],
  ["a number that no column holds", withHeader("ce_sequence", "2147483648"), "ce_sequence is no number from 1"],
  ["a number that is a text", withHeader("ce_sequence", "3x"), "ce_sequence is no number from 1"],
  ["no time", withHeader("ce_time", "soon"), "the header ce_time is no time"],
  ["a foreign source", withHeader("ce_source", "https://example.com"), "does not begin with /genai-demo/"],
  ["another's id", withHeader("ce_id", "x"), "ce_id is not made of its topic, key and ce_sequence"],
  ["no type", withHeader("ce_type", ""), "the header ce_type is missing"],
  ["no key", { ...record, key: null }, "it has no key"],
  ["a key with a colon", { ...record, key: Buffer.from("a:b") }, "its key is none"],
  ["a key that is too long", { ...record, key: Buffer.alloc(501, "k") }, "its key is none"],
  ["no value", { ...record, value: null }, "it has no value"],
  ["a value that is no text", { ...record, value: Buffer.from([0xff, 0xfe]) }, "its value is no UTF-8"],
] as const)("%s is told, and all of it kept", (_what, given, reason) => {
  const decoded = decodeRecord(TOPIC, 4, given);
  if (decoded.kind !== "unreadable") throw new Error("it was read");
  expect(decoded.record).toMatchObject({ topic: TOPIC, partition: 4, offset: "7" });
  expect(decoded.record.reason).toContain(reason);
});

test("a traceparent that is none is left out, and the message is read", () => {
  for (const text of ["", "nonsense", "00-\0", "x".repeat(100_000), `00-${"0".repeat(32)}-b7ad6b7169203331-01`])
    expect(decodeRecord(TOPIC, 0, withHeader("traceparent", text))).toEqual({ kind: "message", message: sound });
});

test("what is no text is kept as base64", () => {
  const decoded = decodeRecord(TOPIC, 4, { ...record, value: Buffer.from([0xff, 0xfe]) });
  expect(decoded).toMatchObject({ record: { value: "//4=", key: "k", headers: { ce_type: "Do" } } });
});

test("whatever bytes come, it is read or told", () => {
  const bytes = fc.option(
    fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array)),
    { nil: null },
  );
  const names = fc.constantFrom(...Object.keys(encodeRecord(sound).headers));
  const spoilt = fc.record({ key: bytes, value: bytes, name: names, header: fc.uint8Array({ maxLength: 20 }) });
  verify(
    fc.property(spoilt, ({ key, value, name, header }) => {
      const headers = { ...record.headers, [name]: Buffer.from(header) };
      expect(["message", "unreadable"]).toContain(decodeRecord(TOPIC, 0, { offset: "1", key, value, headers }).kind);
    }),
  );
});
