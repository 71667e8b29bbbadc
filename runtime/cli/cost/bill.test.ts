import { expect, test } from "bun:test";
import planned from "../../../infra/planned.json";
import prices from "../../../infra/prices.json";
import {
  billOf,
  inOneProcess,
  type PriceList,
  type Quantities,
  totalOf,
  withoutGraviton,
  withoutSpot,
} from "./bill.ts";

const hour = (usd: number) => ({ usd, per: "hour", source: "list" }) as const;
const month = (usd: number) => ({ usd, per: "month", source: "list" }) as const;
const list: PriceList = {
  hoursPerMonth: 730,
  prices: {
    "ec2 m6g.large spot": hour(0.03),
    "ec2 m6g.large on demand": hour(0.08),
    "ec2 m6i.large on demand": hour(0.1),
    "ec2 m6i.large spot": hour(0.04),
    "rds db.m7g.large multi-az": hour(0.3),
    "rds gp3 GB multi-az": month(0.2),
    "secrets manager secret": month(0.4),
    "msk kafka.t3.small": hour(0.05),
  },
};
const quantities: Quantities = {
  "ec2 m6g.large spot": 2,
  "ec2 m6g.large on demand": 1,
  "rds db.m7g.large multi-az": 6,
  "rds gp3 GB multi-az": 600,
  "secrets manager secret": 6,
  "msk kafka.t3.small": 3,
};
const total = (of: Quantities) => totalOf(billOf(of, list));

test("by the hour and by the month", () => {
  expect(
    billOf({ "ec2 m6g.large spot": 2, "rds gp3 GB multi-az": 10 }, list).map(({ usdPerMonth }) => usdPerMonth),
  ).toEqual([2 * 0.03 * 730, 2]);
});

test("what has no price is named, and no sum is given", () => {
  expect(() => billOf({ "ec2 x9.large spot": 1, "waf acl": 1 }, list)).toThrow(
    "no price of ec2 x9.large spot, waf acl",
  );
});

test("without Spot its nodes join those on demand", () => {
  expect(withoutSpot(quantities)).toMatchObject({ "ec2 m6g.large on demand": 3 });
  expect(total(withoutSpot(quantities)) - total(quantities)).toBeCloseTo(2 * 0.05 * 730, 6);
});

test("without Graviton nodes are of x86, on Spot as well, and databases stay", () => {
  expect(Object.keys(withoutGraviton(quantities)).slice(0, 3)).toEqual([
    "ec2 m6i.large spot",
    "ec2 m6i.large on demand",
    "rds db.m7g.large multi-az",
  ]);
});

test("in one process there is one database and no broker", () => {
  expect(inOneProcess(quantities)).toEqual({
    "ec2 m6g.large spot": 2,
    "ec2 m6g.large on demand": 1,
    "rds db.m7g.large multi-az": 1,
    "rds gp3 GB multi-az": 100,
    "secrets manager secret": 1,
  });
});

test("every item that is planned has a price, as planned and otherwise, and every price a source", () => {
  const real: PriceList = { hoursPerMonth: prices.hoursPerMonth, prices: prices.prices as PriceList["prices"] }; // cost.ts parses it
  for (const each of Object.values<Quantities>(planned))
    for (const change of [(of: Quantities) => of, withoutSpot, withoutGraviton, inOneProcess])
      expect(totalOf(billOf(change(each), real))).toBeGreaterThan(0);
  const sources = Object.keys(prices.sources);
  expect(Object.values(prices.prices).filter(({ source }) => !sources.includes(source))).toEqual([]);
});
