import { expect, test } from "bun:test";
import { parseRedisUrl } from "./redis-url.ts";

/** With its password opened, to be looked at. */
const read = (url: string) => {
  const { password, ...target } = parseRedisUrl(url);
  return { ...target, password: password?.open() ?? null };
};

test("addresses are read", () => {
  expect(read("redis://cache.example")).toEqual({
    host: "cache.example",
    port: 6379,
    user: null,
    password: null,
    database: 0,
    tls: null,
  });
  expect(read("redis://me:p%40s%2Fs@[::1]:7000/3")).toEqual({
    host: "::1",
    port: 7000,
    user: "me",
    password: "p@s/s",
    database: 3,
    tls: null,
  });
  expect(read("redis://:secret@cache.example/")).toMatchObject({
    user: null,
    password: "secret",
    database: 0,
  });
  expect(read("rediss://cache.example").tls).toMatchObject({ rejectUnauthorized: true, ca: undefined });
});

test("what is wrong with an address is said without its password", () => {
  for (const [url, reason, ca] of [
    ["nonsense", "cannot be read"],
    ["http://me:secret@cache", "begins with http:// instead of redis:// or rediss://"],
    ["redis://:secret@", "cannot be read|names no host"],
    ["redis:///1", "names no host"],
    ["redis://secret@cache", "a user without a password"],
    ["redis://me:secret%zz@cache", "write a % itself as %25"],
    ["redis://me:secret@cache/shop", "not the number of a database"],
    ["redis://me:secret@cache?tls=true", "has parameters"],
    ["redis://me:secret@cache", "redis:// has no TLS", "some authority"],
    ["rediss://me:secret@cache", "authorities that are given cannot be read", "no authority"],
  ] as const) {
    const attempt = () => parseRedisUrl(url, ca);
    expect(attempt).toThrow(new RegExp(reason));
    expect(attempt).toThrow("Give a Redis URL such as");
    expect(attempt).not.toThrow("secret");
  }
});
