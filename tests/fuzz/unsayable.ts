/**
 * What is refused with 400 although it fits its schema: rules between several fields, and what is known only when the
 * platform runs. JSON Schema has no words for them, so a generator that reads the schema cannot know them.
 */

interface Unsayable {
  readonly operation: RegExp;
  /** The field that the problem names; with `*` at its end also all that is in it. */
  readonly field: string;
}

const UNSAYABLE: readonly Unsayable[] = [
  // Only a list makes the cursors that it takes.
  { operation: /^GET /, field: "query.cursor" },
  // An operator names a customer, a customer is one.
  { operation: / \/api\/v1\/notifications\/preferences$/, field: "query.customerId" },
  // The tool puts the query into some bodies, and takes them for right ones.
  { operation: /^PUT \/api\/v1\/notifications\/preferences$/, field: "body.query" },
  // Which time zones there are is the runtime's.
  { operation: /^PUT \/api\/v1\/notifications\/preferences$/, field: "body.quietHours.timeZone" },
  // Texts to look for may be any but those that no database can hold: NUL, and halves of characters.
  { operation: /^GET \/api\/v1\/ops\/audit$/, field: "query.action" },
  { operation: /^GET \/api\/v1\/ops\/audit$/, field: "query.subject" },
  { operation: / \/api\/v1\/ops\/deadletters/, field: "query.type" },
  { operation: / \/api\/v1\/ops\/deadletters/, field: "query.key" },
  { operation: /^POST \/api\/v1\/ops\/deadletters\/replay$/, field: "body.type" },
  { operation: /^POST \/api\/v1\/ops\/deadletters\/replay$/, field: "body.key" },
  // Senders add what they like to their events: none of it may be a text that no database can hold.
  { operation: /^POST .*\/webhooks\//, field: "body*" },
  // Which modules there are is the registry's.
  { operation: / \/api\/v1\/ops\//, field: "query.module" },
  { operation: / \/api\/v1\/ops\//, field: "body.module" },
  // Some of the fields, or else `all`.
  { operation: /^POST \/api\/v1\/ops\/deadletters\/replay$/, field: "body" },
  // After validFrom, and a time that can be counted.
  { operation: /^POST \/api\/v1\/pricing\/(?:promotions|coupons)$/, field: "body.validUntil" },
  { operation: /^POST \/api\/v1\/pricing\/(?:promotions|coupons)$/, field: "body.validFrom" },
  // One price a currency.
  { operation: /^PUT \/api\/v1\/pricing\/products\/\{sku\}$/, field: "body.prices" },
  // From the lightest to the heaviest, the last without a bound.
  { operation: /^PUT \/api\/v1\/pricing\/shipping-rates\/\{country\}$/, field: "body.bands" },
  // As in the path.
  { operation: /^PUT \/api\/v1\/pricing\/(?:shipping|tax)-rates\/\{country\}$/, field: "body.country" },
];

/** Whether an operation may refuse what fits its schema, because of these fields. */
export const isUnsayable = (operation: string, fields: readonly string[]) =>
  fields.length > 0 &&
  fields.every((field) => UNSAYABLE.some((each) => isNamed(each.field, field) && each.operation.test(operation)));

const isNamed = (listed: string, field: string) =>
  listed.endsWith("*") ? field.startsWith(listed.slice(0, -1)) : field === listed;
