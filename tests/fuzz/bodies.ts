/** Bodies that are mostly right, as real callers would send them, and now and then at the edge of what is allowed. */
import type { Chance } from "./chance.ts";
import type { Memory } from "./memory.ts";

type BodyMaker = (chance: Chance, memory: Memory, path: string) => unknown;

/** Those that have prices, and now and then one that has none. */
const currency = (chance: Chance) =>
  chance.happens(0.05) ? chance.oneOf(["JPY", "XXX"]) : chance.oneOf(["USD", "TWD"]);
const TOKENS = [
  "tok_visa",
  "tok_visa",
  "tok_visa",
  "tok_visa",
  "tok_declined",
  "tok_insufficient_funds",
  "tok_requires_action",
  "tok_timeout_charged",
  "tok_timeout_not_charged",
  "tok_provider_down",
  "tok_of_nobody",
] as const;
const LARGEST = Number.MAX_SAFE_INTEGER;

const address = (chance: Chance) => ({
  name: chance.oneOf(["Alice Chen", "陳怡君", "O'Neil \u202e<b>", "a"]),
  line1: chance.oneOf(["1 Main Street", "信義路五段7號", "x".repeat(200)]),
  ...(chance.happens(0.2) ? { line2: "Floor 3" } : {}),
  city: "Seattle",
  ...(chance.happens(0.5) ? { region: "WA" } : {}),
  postalCode: "98101",
  country: chance.happens(0.04) ? chance.oneOf(["JP", "ZZ"]) : chance.oneOf(["US", "TW"]),
});

const sku = (chance: Chance, memory: Memory) =>
  chance.happens(0.03) ? "SKU-UNKNOWN" : (chance.lateOf(memory.skus) ?? "SKU-001");

function items(chance: Chance, memory: Memory) {
  const lines = chance.happens(0.02) ? 100 : chance.between(1, 4);
  return Array.from({ length: lines }, () => ({
    sku: chance.happens(0.7) ? `SKU-${String(chance.between(1, 20)).padStart(3, "0")}` : sku(chance, memory),
    quantity: chance.happens(0.04) ? chance.oneOf([9999, 5000, 300]) : chance.between(1, 3),
  }));
}

function basket(chance: Chance, memory: Memory) {
  return {
    currency: currency(chance),
    items: items(chance, memory),
    ...(chance.happens(0.15) ? { couponCode: chance.lateOf(memory.coupons) ?? "WELCOME10" } : {}),
    shippingAddress: address(chance),
  };
}

function order(chance: Chance, memory: Memory) {
  const quote = chance.happens(0.15) ? chance.lateOf(memory.quotes) : undefined;
  const parsed: unknown = quote === undefined ? undefined : JSON.parse(quote.body);
  const content =
    typeof parsed === "object" && parsed !== null ? { ...parsed, quoteId: quote?.id } : basket(chance, memory);
  return {
    ...content,
    paymentMethod: { token: chance.oneOf(TOKENS) },
    ...(chance.happens(0.3) ? { email: "alice@example.com" } : {}),
  };
}

const money = (chance: Chance) => ({
  amount: chance.weighted([
    [chance.between(1, 500), 8],
    [chance.between(1, 200_000), 4],
    [0, 1],
    [LARGEST, 1],
  ]),
  currency: currency(chance),
});

const validity = (chance: Chance) => ({
  ...(chance.happens(0.3) ? { validFrom: chance.oneOf(["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]) } : {}),
  ...(chance.happens(0.3)
    ? { validUntil: chance.oneOf(["2098-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2021-01-01T00:00:00Z"]) }
    : {}),
  ...(chance.happens(0.3) ? { minimumSpend: money(chance) } : {}),
});

function discount(chance: Chance, kinds: readonly [string, ...string[]]) {
  const kind = chance.oneOf(kinds);
  if (kind === "percentage") return { kind, value: chance.oneOf([1, 10, 33, 100]) };
  if (kind === "fixed") return { kind, value: chance.oneOf([1, 500, LARGEST]), currency: currency(chance) };
  if (kind === "buy_x_get_y") return { kind, buy: chance.between(1, 3), get: chance.between(1, 3) };
  return { kind };
}

const amounts = (chance: Chance) => {
  const currencies = chance.oneOf<readonly string[]>([["USD"], ["USD", "TWD"], ["USD", "TWD", "JPY"]]);
  return currencies.map((each) => ({ ...money(chance), currency: each }));
};

/** By operation; for others the example of the document is sent. */
export const BODIES: Readonly<Record<string, BodyMaker>> = {
  "POST /api/v1/orders": order,
  "POST /api/v1/pricing/quotes": basket,
  "POST /api/v1/orders/{id}/cancel": () => ({}),
  "POST /api/v1/orders/{id}/returns": (chance) => ({ reason: chance.oneOf(["too small", "壞了", "x".repeat(500)]) }),
  "POST /api/v1/orders/{id}/resolve": (chance) => ({
    action: chance.oneOf(["retry", "cancel", "close"]),
    reason: "the customer was called",
  }),
  "POST /api/v1/payments/{id}/refunds": (chance) => ({ amount: money(chance) }),
  "POST /api/v1/inventory/{sku}/adjustments": (chance) => ({
    delta: chance.oneOf([1, 20, 500, 1000, -1, -20, -5000, 1_000_000, 0]),
    ...(chance.happens(0.3) ? { warehouse: chance.oneOf(["main", "default", "w2"]) } : {}),
    reason: "counted",
  }),
  "PUT /api/v1/inventory/{sku}/policy": (chance) => ({
    backorder: chance.happens(0.3),
    lowStockThreshold: chance.oneOf([0, 5, 100, 1_000_000]),
  }),
  "PUT /api/v1/pricing/products/{sku}": (chance) => ({
    name: chance.oneOf(["Tea", "茶", "T".repeat(200)]),
    prices: amounts(chance),
    taxClass: chance.oneOf(["standard", "reduced", "zero"]),
    weightGrams: chance.oneOf([0, 150, 20_000, 2_147_483_647]),
  }),
  "POST /api/v1/pricing/promotions": (chance, memory) => ({
    name: "Tea week",
    ...discount(chance, ["percentage", "fixed", "buy_x_get_y", "free_shipping"]),
    skus: [sku(chance, memory)],
    ...validity(chance),
    enabled: chance.happens(0.5),
  }),
  "POST /api/v1/pricing/coupons": (chance, memory) => ({
    code: chance.happens(0.9) ? `C-${chance.uuid()}` : (chance.lateOf(memory.coupons) ?? "WELCOME10"),
    ...discount(chance, ["percentage", "fixed", "free_shipping"]),
    ...validity(chance),
    ...(chance.happens(0.3) ? { totalLimit: chance.between(1, 3) } : {}),
    ...(chance.happens(0.3) ? { perCustomerLimit: chance.between(1, 2) } : {}),
  }),
  "PUT /api/v1/pricing/tax-rates/{country}": (chance, _, country) => ({
    country,
    inclusive: chance.happens(0.5),
    rates: { standard: chance.oneOf([0, 500, 2500, 10_000]), reduced: 250, zero: 0 },
  }),
  "PUT /api/v1/pricing/shipping-rates/{country}": (chance, _, country) => ({
    country,
    currency: currency(chance),
    bands: [
      { upToGrams: 1000, amount: chance.between(0, 2000) },
      { upToGrams: null, amount: chance.oneOf([1500, 0, LARGEST]) },
    ],
  }),
  "PUT /api/v1/deliveries/{id}/address": address,
  "PUT /api/v1/notifications/preferences": (chance) => ({
    language: chance.oneOf(["en", "zh-TW"]),
    channels: chance.oneOf<readonly string[]>([["email"], ["sms", "in_app"], ["push"]]),
    fallback: chance.oneOf(["email", null]),
    ...(chance.happens(0.3) ? { quietHours: { from: "22:00", to: "07:00", timeZone: "Asia/Taipei" } } : {}),
  }),
  "POST /api/v1/ops/deadletters/replay": (chance) =>
    chance.happens(0.5) ? { module: chance.oneOf(["order", "payment", "nobody"]) } : { all: true },
};

const PARCEL_REPORTS = [
  "pickup_requested",
  "in_transit",
  "delivery_failed",
  "delivered",
  "returned",
  "weighed",
] as const;

/** Events of the simulated provider and carrier, which are signed as they stand. */
export const EVENTS: Readonly<Record<string, BodyMaker>> = {
  "POST /api/v1/payments/webhooks/{provider}": (chance, memory) => ({
    id: `evt_${chance.between(1, 1000)}`,
    type: chance.oneOf(["authorisation.decided", "capture.succeeded", "refund.succeeded", "of.tomorrow"]),
    data: { authorisation: `${chance.lateOf(memory.placed) ?? chance.uuid()}:auth:${chance.oneOf([1, 1, 2])}` },
  }),
  "POST /api/v1/deliveries/webhooks/{carrier}": (chance, memory) => ({
    id: `evt_${chance.between(1, 1000)}`,
    type: `parcel.${chance.oneOf(PARCEL_REPORTS)}`,
    data: {
      delivery: chance.lateOf(memory.ids.get("deliveries") ?? []) ?? chance.uuid(),
      attempt: chance.between(1, 3),
    },
  }),
};
