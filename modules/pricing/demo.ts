/** Products, coupons and rates for local development. */
import type { Coupon } from "./coupon.ts";
import type { CountryTax, ShippingRate } from "./rate-store.ts";
import type { Product } from "./store.ts";
import type { TaxClass } from "./tax.ts";

type Line = readonly [name: string, usd: number, twd: number, taxClass: TaxClass, weightGrams: number];

const LINES: readonly Line[] = [
  ["Alishan Oolong Tea, 150 g", 18_90, 599_00, "reduced", 180],
  ["Sun Moon Lake Black Tea, 100 g", 16_50, 520_00, "reduced", 130],
  ["Stoneware Teapot, 400 ml", 39_00, 1_250_00, "standard", 720],
  ["Porcelain Tea Cups, Set of Four", 28_00, 890_00, "standard", 640],
  ["Walnut Serving Tray", 34_90, 1_090_00, "standard", 950],
  ["Pineapple Cakes, Box of Ten", 15_90, 480_00, "reduced", 520],
  ["Longan Honey, 420 g", 12_80, 399_00, "reduced", 690],
  ["Linen Apron", 32_00, 990_00, "standard", 310],
  ["Cast-Iron Skillet, 26 cm", 45_00, 1_420_00, "standard", 2_350],
  ["Chef's Knife, 20 cm", 79_00, 2_480_00, "standard", 260],
  ["Hinoki Cutting Board", 42_00, 1_320_00, "standard", 1_150],
  ["Bamboo Steamer, Two Tiers", 24_50, 780_00, "standard", 830],
  ["Wool Throw Blanket", 89_00, 2_790_00, "standard", 1_400],
  ["Canvas Weekend Bag", 119_00, 3_690_00, "standard", 1_280],
  ["Enamel Camping Mug", 14_00, 429_00, "standard", 210],
  ["LED Reading Lamp", 54_90, 1_690_00, "standard", 890],
  ["Dotted Notebook, A5", 11_50, 350_00, "standard", 270],
  ["Brass Ballpoint Pen", 26_00, 820_00, "standard", 45],
  ["Field Guide to the Birds of Taiwan", 29_90, 950_00, "zero", 780],
  ["Wireless Bone Conduction Headphones", 129_00, 3_990_00, "standard", 330],
];

/** `SKU-001` … `SKU-020`, priced in TWD and USD, both in hundredths. */
export const demoProducts: readonly Omit<Product, "version">[] = LINES.map(
  ([name, usd, twd, taxClass, weightGrams], index) => ({
    sku: `SKU-${String(index + 1).padStart(3, "0")}`,
    name,
    prices: [
      { amount: twd, currency: "TWD" },
      { amount: usd, currency: "USD" },
    ],
    taxClass,
    weightGrams,
  }),
);

const WITHOUT_LIMITS = {
  currency: null,
  validFrom: null,
  validUntil: null,
  minimumSpend: null,
  totalLimit: null,
  perCustomerLimit: null,
};

export const demoCoupons: readonly Coupon[] = [
  { ...WITHOUT_LIMITS, code: "WELCOME10", kind: "percentage", value: 10 },
  { ...WITHOUT_LIMITS, code: "SHIPFREE", kind: "free_shipping", value: null },
];

export const demoTaxes: readonly CountryTax[] = [
  { country: "TW", inclusive: true, rates: { standard: 500, reduced: 250, zero: 0 } },
  { country: "US", inclusive: false, rates: { standard: 800, reduced: 400, zero: 0 } },
];

const sent = (country: string, currency: string, ...amounts: readonly number[]): ShippingRate => ({
  country,
  currency,
  bands: amounts.map((amount, index) => ({ upToGrams: [500, 2_000, 10_000][index] ?? null, amount })),
});

export const demoShippingRates: readonly ShippingRate[] = [
  sent("TW", "TWD", 80_00, 100_00, 160_00, 300_00),
  sent("TW", "USD", 2_50, 3_50, 5_50, 10_00),
  sent("US", "TWD", 180_00, 260_00, 450_00, 900_00),
  sent("US", "USD", 6_00, 8_50, 15_00, 30_00),
];
