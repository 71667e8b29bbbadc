import { expect, test } from "bun:test";
import { deadLetterHandlers, deadLetterRpc } from "./dead-letter-rpc.ts";

const place = { key: "k", source: "s", sequence: 1 };
const claim = null;
const long = (length: number) => "x".repeat(length);

test.each<[keyof ReturnType<typeof deadLetterRpc>, unknown, unknown]>([
  ["list", { after: null, limit: 1000 }, { after: null, limit: 1001 }],
  [
    "list",
    { after: { ...place, key: long(1000), parkedAtMs: 0 }, limit: 1 },
    { after: { ...place, key: long(1001), parkedAtMs: 0 }, limit: 1 },
  ],
  ["show", { ...place, key: long(500) }, { ...place, key: long(501) }],
  ["show", { ...place, source: long(602) }, { ...place, source: long(603) }],
  ["show", place, { ...place, sequence: 2_147_483_648 }],
  ["replay", { place, claim }, { place: { ...place, key: long(501) }, claim }],
  ["discard", { place, reason: long(500), claim }, { place, reason: long(501), claim }],
])("%s takes what has its bounds, and nothing beyond", async (method, good, bad) => {
  const { name } = deadLetterRpc("order")[method];
  const handler = deadLetterHandlers("order", undefined).find((each) => each.name === name);
  expect(await handler?.answer(JSON.stringify(good))).toBeString();
  expect(await handler?.answer(JSON.stringify(bad)).catch(() => "refused")).toBe("refused");
});
