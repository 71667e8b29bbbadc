import { describe, expect, test } from "bun:test";
import type { Channel } from "./channel.ts";
import { DEFAULT_PREFERENCES, type Preferences, routesOf, setPreferences } from "./preferences.ts";

const told = (change: Partial<Preferences>, email: string | null = "a@example.com") =>
  routesOf({ ...DEFAULT_PREFERENCES, ...change }, email).map(({ channel, recipient }) => [channel, recipient]);

describe("where a notice goes", () => {
  test("by default: an e-mail where there is an address, else the app", () => {
    expect(told({})).toEqual([["email", "a@example.com"]]);
    expect(told({}, null)).toEqual([["in_app", null]]);
  });

  test("on every channel that is wished and has an address, once", () => {
    const channels: Channel[] = ["push", "sms", "in_app", "sms"];
    expect(told({ channels, phone: "+886912345678" })).toEqual([
      ["sms", "+886912345678"],
      ["in_app", null],
    ]);
    expect(told({ channels: ["push"], device: "d" })).toEqual([["push", "d"]]);
  });

  test("never nowhere: on the fallback channel, or in the app", () => {
    expect(told({ channels: ["sms"], fallback: "email" })).toEqual([["email", "a@example.com"]]);
    expect(told({ channels: ["sms"], fallback: "push" })).toEqual([["in_app", null]]);
    expect(told({ channels: ["sms"], fallback: null })).toEqual([["in_app", null]]);
  });
});

test("preferences are replaced, on the version that was read", () => {
  const preferences: Preferences = { ...DEFAULT_PREFERENCES, language: "zh-TW" };
  const set = (version: number) =>
    setPreferences.decide(
      undefined,
      { customerId: "alice", preferences },
      {
        key: "k",
        now: 1,
        ids: { next: () => "id" },
        shared: new Map([["alice", { customerId: "alice", preferences: DEFAULT_PREFERENCES, version }]]),
      },
    );
  expect(set(0)).toEqual({
    shared: new Map([["alice", { customerId: "alice", preferences, version: 0 }]]),
    answer: preferences,
  });
  expect(set(4).shared?.get("alice")?.version).toBe(4);
});
