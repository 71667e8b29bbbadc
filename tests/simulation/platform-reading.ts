/** The platform's part of a story: which orders it is about, what they are called, and how they stand at the end. */
import type { Contents } from "./platform-contents.ts";
import { holdups, unended } from "./platform-holdups.ts";
import type { Leases } from "./platform-leases.ts";
import { idsInText, type Reading } from "./story.ts";

/**
 * It is about one: what the first violation names is the first that went wrong, and others mostly went the same way.
 * Without violations, or with such as name nothing, it is about the first order of the seed.
 */
export function readingOf(
  contents: Contents,
  keys: ReadonlyMap<string, string>,
  violations: readonly string[],
  leases: Leases,
): Reading {
  const references = new Map(contents.requests.map(({ scope, reference }) => [scope, reference]));
  const names = new Map<string, string>();
  const shopperOf = new Map<string, string>();
  for (const [scope, key] of keys) {
    names.set(scope, `the idempotency key of ${key}`);
    const id = references.get(scope);
    if (id === undefined) continue;
    names.set(id, `#${key.replace("key-", "")} (…${id.slice(-4)})`);
    shopperOf.set(id, key);
  }
  const text = violations.join("\n");
  const named = idsInText(text);
  const shoppers = [...text.matchAll(/\b(?:order|twin of|rival of|reading|misuse of) (\d+)\b/g)].map(
    ([, n]) => `key-${n}`,
  );
  const ofShoppers = [...shopperOf].flatMap(([id, key]) => (shoppers.includes(key) ? [id, key] : []));
  const orders = [...named, ...ofShoppers, ...shoppers, ...contents.orders.map(({ id }) => id)].slice(0, 1);
  const subjects = new Set(orders.flatMap((id) => [id, shopperOf.get(id) ?? id]));
  const others = named.slice(1).map((id) => names.get(id) ?? id);
  return {
    subjects,
    names,
    ending: [
      ...(others.length > 0 ? [`the violations also name ${others.join(", ")}`] : []),
      ...endings(contents, subjects),
      ...holdups(
        contents,
        unended(contents).filter((id) => subjects.has(id)),
        leases,
      ),
    ],
  };
}

function endings(contents: Contents, subjects: ReadonlySet<string>): string[] {
  const { orders, payments, charges, reservations, shipments, stock } = contents;
  const lines = [
    ...orders.map(({ id, status, reason, total, currency }) => [
      id,
      `order ${id} is ${status} ${reason ?? ""} over ${total} ${currency}`,
    ]),
    ...payments.map(({ key, status, work, authorised }) => [
      key,
      `payment of ${key} is ${status} (${work}), authorised ${authorised}`,
    ]),
    ...charges.map(({ key, status, amount }) => [
      key.split(":", 1)[0],
      `the provider's books have ${key} as ${status} over ${amount}`,
    ]),
    ...reservations.map(({ key, status, allocations }) => [
      key,
      `reservation of ${key} is ${status}: ${JSON.stringify(allocations)}`,
    ]),
    ...shipments.map(({ key, status }) => [key, `shipment of ${key} is ${status}`]),
    ...stock.map(({ sku, warehouse, reserved, onHand }) => [
      sku,
      `${sku} in ${warehouse}: ${reserved} of ${onHand} reserved`,
    ]),
  ];
  return lines.flatMap(([id, line]) => (id !== undefined && line !== undefined && subjects.has(id) ? [line] : []));
}
