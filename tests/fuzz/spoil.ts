/** Makes one thing of a draft wrong, or at least odd: what comes back must still be documented. */
import type { Chance } from "./chance.ts";
import type { Draft } from "./draft.ts";

const ODD_TEXTS = [
  "",
  " ",
  "null",
  "undefined",
  "-1",
  "0",
  "1e3",
  "99999999999999999999",
  "\u0000",
  "\ud800",
  "a/b",
  "../../etc/passwd",
  "%00",
  "'; drop table orders; --",
  "${7*7}",
  "<script>alert(1)</script>",
  "💥".repeat(40),
  "x".repeat(3000),
  "__proto__",
  "00000000-0000-0000-0000-000000000000",
  "constructor",
] as const;
const ODD_VALUES = [
  null,
  true,
  [],
  {},
  [[]],
  -1,
  0,
  0.5,
  1e21,
  -1e300,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  2 ** 31,
  ...ODD_TEXTS,
] as const;
/** Header values that can be sent at all. */
const ODD_HEADERS = [
  "",
  " ",
  "x",
  "x".repeat(300),
  "wait=",
  "wait=-1",
  "wait=1e9",
  '"',
  'W/"1"',
  "*",
  "t=1,v1=",
  "é",
] as const;
const ODD_TYPES = [
  "text/plain",
  "application/json; charset=latin1",
  "application/xml",
  "multipart/form-data",
  "x",
] as const;
const BODY_LIMIT_BYTES = 1024 * 1024;

type Spoiler = (draft: Draft, chance: Chance) => Draft;

const withHeader = (draft: Draft, name: string, value: string): Draft => ({
  ...draft,
  headers: { ...draft.headers, [name]: value },
});

const onBody: Spoiler = (draft, chance) => {
  const { body } = draft;
  if (body === undefined) return draft;
  return {
    ...draft,
    body: chance.weighted<() => string>([
      [() => JSON.stringify(withOddPart(JSON.parse(body), chance)), 20],
      // What JSON.stringify never writes.
      [() => body.replace(/:-?\d+/, `:${chance.oneOf(["1e999", "-0", "1.0", "01", "1E-7", "NaN"])}`), 3],
      [() => body.slice(0, chance.between(0, body.length)), 2],
      [() => `${body}${body}`, 1],
      [() => "[".repeat(chance.oneOf([31, 33, 5000])), 1],
      [() => `{"a":${"[".repeat(40)}${"]".repeat(40)}}`, 1],
      [() => JSON.stringify(chance.oneOf(ODD_VALUES)), 2],
      [() => body.padEnd(BODY_LIMIT_BYTES + chance.between(0, 1)), 0.2],
    ])(),
  };
};

/** A part of a JSON value, however deep, exchanged, left out or added to. */
function withOddPart(content: unknown, chance: Chance): unknown {
  if (typeof content !== "object" || content === null) return chance.oneOf(ODD_VALUES);
  if (Array.isArray(content)) {
    if (content.length === 0 || chance.happens(0.2)) return [...content, chance.oneOf(ODD_VALUES)];
    const at = chance.between(0, content.length - 1);
    return content.map((each: unknown, index) => (index === at ? withOddPart(each, chance) : each));
  }
  const fields: (readonly [string, unknown])[] = Object.entries(content);
  if (fields.length === 0 || chance.happens(0.1))
    return Object.fromEntries([
      ...fields,
      [chance.oneOf(["more", "__proto__", "\u0000", "id"]), chance.oneOf(ODD_VALUES)],
    ]);
  const at = chance.between(0, fields.length - 1);
  if (chance.happens(0.15)) return Object.fromEntries(fields.filter((_, index) => index !== at));
  return Object.fromEntries(
    fields.map(([name, value], index) => [name, index === at ? withOddPart(value, chance) : value]),
  );
}

const onParam: Spoiler = (draft, chance) => {
  const [name] = Object.keys(draft.params);
  return name === undefined ? draft : { ...draft, params: { ...draft.params, [name]: chance.oneOf(ODD_TEXTS) } };
};

const onQuery: Spoiler = (draft, chance) => {
  const name = chance.oneOf([
    "limit",
    "cursor",
    "orderId",
    "customerId",
    "status",
    "stuck",
    "module",
    "unknown",
    "\u0000",
  ]);
  const added = [name, chance.oneOf(ODD_TEXTS)] as const;
  return { ...draft, query: chance.happens(0.2) ? [...draft.query, added, added] : [...draft.query, added] };
};

const onHeader: Spoiler = (draft, chance) => {
  const name = chance.oneOf(["idempotency-key", "prefer", "if-match", "webhook-signature", "last-event-id", "accept"]);
  return withHeader(draft, name, chance.oneOf(ODD_HEADERS));
};

const onType: Spoiler = (draft, chance) => withHeader(draft, "content-type", chance.oneOf(ODD_TYPES));

/** A draft with one thing spoiled; the same one where it has nothing of the kind that was drawn. */
export function spoiled(draft: Draft, chance: Chance): Draft {
  const spoil = chance.weighted<Spoiler>([
    [onBody, 12],
    [onParam, 3],
    [onQuery, 3],
    [onHeader, 3],
    [onType, 1],
  ]);
  return spoil(draft, chance);
}
