import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText, verify } from "../property.fixture.ts";
import type { Envelope } from "./envelope.ts";
import { decodeMessage, encodeMessage } from "./outbox-message.ts";

const envelope: fc.Arbitrary<Envelope> = fc.record(
  {
    topic: anyText,
    key: anyText,
    sequence: fc.integer({ min: 1 }),
    type: anyText,
    producer: anyText,
    timeMs: fc.nat(),
    causationId: anyText,
    correlationId: anyText,
    traceparent: anyText,
    // The contract serialises what it has checked.
    data: fc.oneof(fc.jsonValue(), fc.dictionary(anyText, anyText)).map((value) => JSON.stringify(value)),
  },
  { requiredKeys: ["topic", "key", "sequence", "type", "producer", "timeMs", "causationId", "correlationId", "data"] },
);

test("an envelope comes back from the outbox as it went in, whatever is in it", () => {
  verify(
    fc.property(envelope, (sent) => {
      const { topic, key, sequence } = sent;
      expect(decodeMessage({ topic, key, sequence, message: encodeMessage(sent) })).toEqual(sent);
    }),
    500,
  );
});
