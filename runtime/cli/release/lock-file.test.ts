import { expect, test } from "bun:test";
import { join } from "node:path";
import packageJson from "../../../package.json";
import { shippedPackages, stepsTo } from "./lock-file.ts";

const entry = (id: string, needs: unknown = {}) => [id, "", needs, `sha512-${Buffer.from(id).toString("base64")}`];
const lock = (own: unknown, packages: unknown) => JSON.stringify({ workspaces: { "": own }, packages });

test("the product's packages are those that it needs and those that these need, not what builds or tests it", () => {
  const { direct, all } = shippedPackages(
    lock(
      { dependencies: { a: "1" }, devDependencies: { tool: "1" } },
      {
        a: entry("a@1.0.0", { dependencies: { "@s/b": "^1", c: "2" } }),
        "@s/b": entry("@s/b@1.2.3", { dependencies: { c: "^1" } }),
        c: entry("c@2.0.0"),
        "@s/b/c": entry("c@1.0.0"),
        tool: entry("tool@1.0.0", { dependencies: { d: "1" } }),
        d: entry("d@1.0.0"),
      },
    ),
  );
  expect(direct).toEqual(["a"]);
  expect([...all.keys()].sort()).toEqual(["@s/b", "@s/b/c", "a", "c"]);
  expect(all.get("a")?.needs).toEqual(["@s/b", "c"]);
  // Its own, not the one that the others use.
  expect(all.get("@s/b")).toMatchObject({ name: "@s/b", version: "1.2.3", needs: ["@s/b/c"] });
  expect(all.get("c")?.sha512).toBe(Buffer.from("c@2.0.0").toString("hex"));
});

test("a circle ends; optional ones may be missing, and optional peers are nobody's need", () => {
  const { all } = shippedPackages(
    lock(
      { dependencies: { a: "1" }, optionalDependencies: { gone: "1" } },
      {
        a: entry("a@1.0.0", { dependencies: { b: "1" } }),
        b: entry("b@1.0.0", { peerDependencies: { a: "1", types: "1" }, optionalPeers: ["types"] }),
        types: entry("types@1.0.0"),
      },
    ),
  );
  expect([...all.keys()]).toEqual(["a", "b"]);
});

test("one that is needed and not locked is an error, as is one that comes from elsewhere", () => {
  expect(() => shippedPackages(lock({ dependencies: { a: "1" } }, {}))).toThrow(
    "bun.lock has no a, which the product needs",
  );
  expect(() => shippedPackages(lock({ dependencies: { a: "1" } }, { a: ["a@github:x/a", {}, "hash"] }))).toThrow();
});

test("of bun.lock: all that package.json declares for the product", async () => {
  const text = await Bun.file(join(import.meta.dir, "..", "..", "..", "bun.lock")).text();
  const { direct, all } = shippedPackages(text);
  const declared = { ...packageJson.dependencies, ...packageJson.optionalDependencies };
  expect([...direct].sort()).toEqual(Object.keys(declared).sort());
  for (const [name, version] of Object.entries(declared)) expect(all.get(name)).toMatchObject({ name, version });
  for (const { sha512 } of all.values()) expect(sha512).toMatch(/^[0-9a-f]{128}$/);
  for (const name of Object.keys(packageJson.devDependencies)) expect(direct).not.toContain(name);
});

test("a place is read step by step", () => {
  expect(stepsTo("@a/b/c/@d/e")).toEqual(["@a/b", "c", "@d/e"]);
  expect(stepsTo("a")).toEqual(["a"]);
});
